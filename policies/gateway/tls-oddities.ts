import { nearest } from "../../api/nearest.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** What Envoy's TLS library can offer up to TLS 1.2; those of TLS 1.3 are not chosen. */
const knownSuites: readonly string[] = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-SHA",
  "ECDHE-RSA-AES128-SHA",
  "ECDHE-ECDSA-AES256-SHA",
  "ECDHE-RSA-AES256-SHA",
  "AES128-GCM-SHA256",
  "AES256-GCM-SHA384",
  "AES128-SHA",
  "AES256-SHA",
  "DES-CBC3-SHA",
];

/** TLS settings that act on nothing. */
export const tlsOddities = rule({
  code: "PIL1405",
  kinds: ["Gateway"],
  enforcement: "warn",
  summary: "TLS settings of a server act on something",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.servers, jsonPath("spec", "servers"))) {
      const { tls, port } = value;
      if (tls === undefined) continue;
      const place = child(path, "tls");
      if (tls.httpsRedirect === true && !["HTTP", "HTTP2", "GRPC"].includes(port.protocol.toUpperCase())) {
        const problem = `httpsRedirect is set, and the port speaks ${port.protocol}`;
        yield complaint(child(place, "httpsRedirect"), problem, "Only plain HTTP can be redirected", "Take it away");
      }
      const { mode = "PASSTHROUGH" } = tls;
      const isPassedOn = mode === "PASSTHROUGH" || mode === "AUTO_PASSTHROUGH";
      const files = [tls.serverCertificate, tls.privateKey, tls.caCertificates, tls.credentialName];
      const lists = [tls.credentialNames, tls.tlsCertificates];
      const isNamed = files.some((file) => (file ?? "") !== "") || lists.some((list) => (list?.length ?? 0) > 0);
      if (isPassedOn && isNamed) {
        const problem = `the mode is ${mode}, and certificates are named`;
        yield complaint(place, problem, "TLS does not end here, so that they are not used", "Take them away");
      }
      const suites = tls.cipherSuites ?? [];
      yield* unknownSuites(suites, child(place, "cipherSuites"));
      const twice = suites.filter((suite, index) => suites.indexOf(suite) !== index);
      if (twice.length > 0) {
        const problem = `${twice.join(", ")} is there twice`;
        yield complaint(child(place, "cipherSuites"), problem, "Once is enough", "Take one of them away");
      }
      const isOld = tls.minProtocolVersion === "TLSV1_0" || tls.minProtocolVersion === "TLSV1_1";
      if (isOld && suites.length === 0) {
        const reason = "The suites that are offered by default are not for so old a version";
        yield complaint(
          child(place, "minProtocolVersion"),
          `the version is ${tls.minProtocolVersion ?? ""}`,
          reason,
          "Name suites in cipherSuites, or write TLSV1_2",
        );
      }
    }
  },
});

function* unknownSuites(suites: readonly string[], path: JsonPath): Iterable<Complaint> {
  for (const { value, path: place } of items(suites, path)) {
    if (knownSuites.includes(value)) continue;
    const near = nearest(value, knownSuites);
    const fix = near === undefined ? "Take it away" : `Write "${near}"`;
    yield complaint(place, `there is no suite "${value}"`, "It could not be offered, so that it is left out", fix);
  }
}
