// The only four answers that an admission request can get.
import { type Finding, findingLine, findingsText } from "../base/finding.ts";
import { type PatchOperation, patchBase64 } from "../injector/patch.ts";

/** `response` of an AdmissionReview, without the uid. */
export interface AdmissionResponse {
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  /** Base64 of a JSON patch. */
  readonly patch?: string;
  readonly patchType?: "JSONPatch";
  readonly status?: {
    readonly code: number;
    readonly reason: string;
    readonly message: string;
    readonly details?: { readonly causes: readonly { readonly field: string; readonly message: string }[] };
  };
}

/** Kubernetes cuts warnings when all of them together are longer than 4096 characters. */
const warningCharacters = 4000;
/** Longest message of a denial; a terminal shows no more anyway. */
const messageCharacters = 16_000;

/** Let it pass, and say these findings as warnings. */
export function allowed(findings: readonly Finding[] = []): AdmissionResponse {
  return { allowed: true, ...warnings(findings) };
}

/**
 * Refuse it: all findings, as findingsText() has them. `reason` must not be "Invalid", with which kubectl drops the message.
 * @param isEdited - by `kubectl edit`, which shows causes in the editor and nothing else; all others would show only causes.
 */
export function denied(findings: readonly Finding[], isEdited = false): AdmissionResponse {
  const errors = findings.filter((finding) => finding.severity === "error");
  const message = cut(`\n${findingsText(errors)}`, messageCharacters);
  return {
    allowed: false,
    status: {
      code: 422,
      reason: "Rejected",
      message,
      ...(isEdited ? { details: { causes: errors.map(causeOf) } } : {}),
    },
    ...warnings(findings.filter((finding) => finding.severity !== "error")),
  };
}

function causeOf(finding: Finding): { readonly field: string; readonly message: string } {
  return { field: finding.path, message: findingLine(finding) };
}

/** Let it pass, changed. */
export function patched(operations: readonly PatchOperation[], findings: readonly Finding[] = []): AdmissionResponse {
  return { allowed: true, patchType: "JSONPatch", patch: patchBase64(operations), ...warnings(findings) };
}

/** Refuse it because it could not be judged. `error` is one sentence. */
export function errored(status: number, error: string): AdmissionResponse {
  return {
    allowed: false,
    status: { code: status, reason: status < 500 ? "BadRequest" : "InternalError", message: error },
  };
}

/** The AdmissionReview that carries a response, as text. */
export function reviewText(uid: string, response: AdmissionResponse): string {
  const { allowed, patch, patchType, status, warnings } = response;
  const rest = JSON.stringify({ uid, allowed, patchType, status, warnings }).slice(1);
  // Base64 needs no escapes, and is the largest part by far.
  const first = patch === undefined ? "" : `"patch":"${patch}",`;
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{${first}${rest}}`;
}

function warnings(findings: readonly Finding[]): { readonly warnings?: readonly string[] } {
  const lines: string[] = [];
  let left = warningCharacters;
  for (const [index, finding] of findings.entries()) {
    const line = findingLine(finding);
    if (line.length > left) {
      lines.push(index === 0 ? cut(line, left) : `and ${findings.length - index} more`);
      break;
    }
    lines.push(line);
    left -= line.length;
  }
  return lines.length === 0 ? {} : { warnings: lines };
}

const cut = (text: string, characters: number): string =>
  text.length <= characters ? text : `${text.slice(0, characters - 4)} ...`;
