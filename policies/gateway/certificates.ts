import type { ServerTls } from "../../api/gateway.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** A server that ends TLS has certificates, from one source. */
export const certificates = rule({
  code: "PIL1404",
  guardsEnvoy: true,
  kinds: ["Gateway"],
  enforcement: "deny",
  summary: "a server that ends TLS has certificates, from one source",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.servers, jsonPath("spec", "servers"))) {
      if (value.tls !== undefined && value.tls.httpsRedirect !== true)
        yield* certificateFaults(value.tls, child(path, "tls"));
    }
  },
});

/** What is wrong with the certificates of a server that ends TLS. */
export function* certificateFaults(tls: ServerTls, path: JsonPath): Iterable<Complaint> {
  const mode = tls.mode ?? "PASSTHROUGH";
  if (mode === "ISTIO_MUTUAL") {
    yield* ownCertificates(tls, path);
    return;
  }
  if (mode === "PASSTHROUGH" || mode === "AUTO_PASSTHROUGH") return;
  const sources = [
    { name: "credentialName", there: filled(tls.credentialName) },
    { name: "credentialNames", there: (tls.credentialNames?.length ?? 0) > 0 },
    { name: "serverCertificate", there: filled(tls.serverCertificate) },
    { name: "tlsCertificates", there: (tls.tlsCertificates?.length ?? 0) > 0 },
  ].filter(({ there }) => there);
  if (sources.length > 1) {
    yield {
      path,
      problem: `${sources.map(({ name }) => name).join(" and ")} are set`,
      reason: "Certificates come from one source",
      fix: "Keep one of them",
    };
  }
  const named = filled(tls.credentialName) || (tls.credentialNames?.length ?? 0) > 0;
  if (named) {
    if (filled(tls.caCrl) && mode !== "SIMPLE")
      yield {
        path: child(path, "caCrl"),
        problem: "caCrl is set beside a Secret",
        reason: "The revocation list belongs into the Secret",
        fix: "Move it there",
      };
    return;
  }
  const pairs = (tls.tlsCertificates?.length ?? 0) > 0 ? (tls.tlsCertificates ?? []) : [tls];
  for (const pair of pairs) {
    for (const file of ["serverCertificate", "privateKey"] as const) {
      if (filled(pair[file])) continue;
      yield {
        path,
        problem: `the mode is ${mode}, and ${file} is missing`,
        reason: "The proxy has to show a certificate",
        fix: `Set credentialName, or ${file}`,
      };
    }
  }
  if (mode !== "SIMPLE" && !filled(tls.caCertificates) && !pairs.some((pair) => filled(pair.caCertificates))) {
    yield {
      path,
      problem: `the mode is ${mode}, and caCertificates is missing`,
      reason: "Callers' certificates could not be checked",
      fix: "Set caCertificates, or credentialName",
    };
  }
  if (mode === "SIMPLE" && filled(tls.caCrl)) {
    yield {
      path: child(path, "caCrl"),
      problem: "caCrl is set, and the mode is SIMPLE",
      reason: "Callers show no certificates that could be revoked",
      fix: "Take it away",
    };
  }
}

/** With the mesh's own TLS every certificate comes from the mesh. */
function* ownCertificates(tls: ServerTls, path: JsonPath): Iterable<Complaint> {
  for (const field of ["serverCertificate", "privateKey", "caCertificates", "credentialName"] as const) {
    if (!filled(tls[field])) continue;
    yield {
      path: child(path, field),
      problem: `${field} is set, and the mode is ISTIO_MUTUAL`,
      reason: "The mesh brings the certificates",
      fix: "Take it away",
    };
  }
  for (const field of ["credentialNames", "tlsCertificates"] as const) {
    if ((tls[field]?.length ?? 0) === 0) continue;
    yield {
      path: child(path, field),
      problem: `${field} is set, and the mode is ISTIO_MUTUAL`,
      reason: "The mesh brings the certificates",
      fix: "Take it away",
    };
  }
}

function filled(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}
