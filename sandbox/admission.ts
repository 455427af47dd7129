// The API server's side of admission: real AdmissionReviews over HTTPS and HTTP/2, verified with the mesh's root.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { join } from "node:path";
import jsonPatch from "fast-json-patch";
import { PillionError } from "../base/error.ts";
import { isRecord, type KubeObject } from "./objects.ts";

/** What a webhook says. */
export interface Verdict {
  readonly allowed: boolean;
  readonly message: string;
  readonly warnings: readonly string[];
  /** The object as the webhook wants it. */
  readonly object: unknown;
}

export interface AdmissionClient {
  /** @throws {PillionError} WEBHOOK when it cannot be reached or its answer cannot be understood. */
  review(path: "/inject" | "/validate", object: KubeObject): Promise<Verdict>;
  close(): void;
}

/** As in the webhook configuration. */
const timeoutMs = 10_000;
/** The name in the control plane's certificate. */
const serverName = "istiod.istio-system.svc";

/** A client that keeps one connection to the webhook and makes another when it breaks. */
export function admissionClient(options: {
  readonly webhook: { readonly host: string; readonly port: number };
  readonly stateDirectory: string;
}): AdmissionClient {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const { host, port } = options.webhook;
    const made = connect(`https://${host}:${port}`, {
      ca: readFileSync(join(options.stateDirectory, "ca.crt")),
      servername: serverName,
    });
    made.on("error", () => made.destroy()); // Requests on it fail with the reason; the next one opens another.
    made.unref();
    session = made;
    return made;
  };
  return {
    review: async (path, object) => {
      const body = JSON.stringify(reviewOf(object));
      try {
        return verdictOf(JSON.parse(await post(open(), path, body)), object);
      } catch (cause) {
        if (cause instanceof PillionError) throw cause;
        throw new PillionError("WEBHOOK", {
          problem: `The webhook at https://${options.webhook.host}:${options.webhook.port}${path} gives no answer: ${cause instanceof Error ? cause.message : String(cause)}`,
          fix: "Start the control plane, or look into its log",
          cause,
        });
      }
    },
    close: () => session?.destroy(),
  };
}

function reviewOf(object: KubeObject): object {
  const [group = "", version = ""] = object.apiVersion.includes("/")
    ? object.apiVersion.split("/")
    : ["", object.apiVersion];
  const { name, namespace } = object.metadata;
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: randomUUID(),
      kind: { group, version, kind: object.kind },
      resource: { group, version, resource: pluralOf(object.kind) },
      ...(name === undefined ? {} : { name }),
      namespace,
      operation: "CREATE",
      userInfo: { username: "system:serviceaccount:kube-system:replicaset-controller" },
      object,
      dryRun: false,
    },
  };
}

/** "pods", "virtualservices", "serviceentries", "proxyconfigs". */
function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  if (word.endsWith("y")) return `${word.slice(0, -1)}ies`;
  return word.endsWith("s") ? `${word}es` : `${word}s`;
}

async function post(session: ClientHttp2Session, path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": `${path}?timeout=10s`,
      "content-type": "application/json",
    });
    const chunks: Buffer[] = [];
    stream.setTimeout(timeoutMs, () => stream.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    stream.on("close", () => reject(new Error("the connection was closed")));
    stream.end(body);
  });
}

function verdictOf(review: unknown, object: KubeObject): Verdict {
  const response = isRecord(review) ? review["response"] : undefined;
  if (!isRecord(response)) throw new Error("the answer is no AdmissionReview");
  const status = isRecord(response["status"]) ? response["status"] : {};
  const warnings = Array.isArray(response["warnings"]) ? response["warnings"].map(String) : [];
  return {
    allowed: response["allowed"] === true,
    message: typeof status["message"] === "string" ? status["message"] : "",
    warnings,
    object: typeof response["patch"] === "string" ? patched(object, response["patch"]) : object,
  };
}

function patched(object: KubeObject, patch: string): unknown {
  const operations: unknown = JSON.parse(Buffer.from(patch, "base64").toString("utf8"));
  if (!Array.isArray(operations)) throw new Error("the patch is no list of operations");
  const result: { readonly newDocument: unknown } = jsonPatch.applyPatch<unknown>(
    structuredClone(object),
    operations,
    true,
  );
  return result.newDocument;
}
