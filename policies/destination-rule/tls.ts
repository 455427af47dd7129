import type { ClientTls } from "../../api/traffic-policy.ts";
import { child, type JsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { settingsOf } from "./connections.ts";

/** Certificates come from one source and are there where the mode needs them. */
export const clientTls = rule({
  code: "PIL1308",
  guardsEnvoy: true,
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "TLS towards a host has the certificates that its mode needs, from one source",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of settingsOf(object)) {
      if (value.tls !== undefined) yield* tlsFaults(value.tls, child(path, "tls"));
    }
  },
});

function* tlsFaults(tls: ClientTls, path: JsonPath): Iterable<Complaint> {
  const files = (["clientCertificate", "privateKey", "caCertificates", "caCrl"] as const).filter((file) =>
    filled(tls[file]),
  );
  if (filled(tls.credentialName) && files.length > 0 && (tls.mode === "SIMPLE" || tls.mode === "MUTUAL")) {
    yield {
      path,
      problem: `credentialName and ${files.join(" and ")} are set`,
      reason: "Certificates come from a Secret or from files",
      fix: "Keep one of them",
    };
  }
  if (tls.mode === "MUTUAL" && !filled(tls.credentialName)) {
    for (const file of ["clientCertificate", "privateKey"] as const) {
      if (filled(tls[file])) continue;
      yield {
        path,
        problem: `the mode is MUTUAL, and ${file} is missing`,
        reason: "The proxy has to show a certificate",
        fix: `Set credentialName, or ${file}`,
      };
    }
  }
  if (tls.insecureSkipVerify === true) {
    const checks = (["caCertificates", "subjectAltNames"] as const).filter((field) => (tls[field]?.length ?? 0) > 0);
    const roots = tls.mode === "SIMPLE" && filled(tls.credentialName) ? [...checks, "credentialName"] : checks;
    if (roots.length > 0) {
      yield {
        path,
        problem: `insecureSkipVerify is true, and ${roots.join(" and ")} is set`,
        reason: "What is not checked needs nothing to check it with",
        fix: "Take insecureSkipVerify away",
      };
    }
  }
}

function filled(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}
