// POST /validate: may this object live with the others? Every answer is given with all findings at once.
import { isDeepStrictEqual } from "node:util";
import type { AnyObject } from "../api/kinds.ts";
import type { Parsed, ParseOptions } from "../api/parse.ts";
import { type Finding, hasErrors } from "../base/finding.ts";
import type { World } from "../model/world.ts";
import type { AdmissionRequest } from "./admission.ts";
import { danglingWithout } from "./dangling.ts";
import type { RecentlyAdmitted } from "./recently-admitted.ts";
import { type AdmissionResponse, allowed, denied } from "./response.ts";

export interface ValidateDeps {
  readonly parse: (document: unknown, options: ParseOptions) => Parsed;
  /**
   * What the rules say about a candidate in a world that may hold what it replaces: rules compare it with others only. To
   * take that out would make the meaning of 2,000 objects anew for each one that is changed.
   */
  readonly review: (candidate: AnyObject, world: World) => readonly Finding[];
  readonly world: () => World;
  /** Told of every object that is let in, unless it is a dry run. */
  readonly onAdmitted?: (object: AnyObject) => void;
  readonly recent: RecentlyAdmitted;
}

/** The answer for one object. */
export function validateObject(request: AdmissionRequest, deps: ValidateDeps): AdmissionResponse {
  const document = request.object;
  if (request.operation === "DELETE" || document === undefined) {
    const { kind, namespace, name } = request;
    const left = danglingWithout({ kind, namespace, name }, deps.recent.over(deps.world()), deps.review);
    if (!request.dryRun) deps.recent.forget(kind, namespace, name);
    return allowed(left);
  }
  const parsed = deps.parse(document, { defaultNamespace: request.namespace || "default" });
  switch (parsed.type) {
    case "ignored":
      return allowed();
    case "known":
    case "rejected":
      return judged(parsed.findings, request);
    case "object": {
      const { object } = parsed;
      const findings = [...parsed.findings, ...deps.review(object, deps.recent.over(deps.world()))];
      const response = judged(findings, request);
      if (response.allowed && !request.dryRun) {
        deps.recent.remember(object);
        deps.onAdmitted?.(object);
      }
      return response;
    }
  }
}

/** An object whose content stays as it is stored is never refused: its finalizers and labels must be able to change. */
function judged(findings: readonly Finding[], request: AdmissionRequest): AdmissionResponse {
  if (!hasErrors(findings)) return allowed(findings);
  const unchanged =
    request.operation === "UPDATE" && isDeepStrictEqual(request.object?.["spec"], request.oldObject?.["spec"]);
  return unchanged ? allowed(findings) : denied(findings, request.fieldManager === "kubectl-edit");
}
