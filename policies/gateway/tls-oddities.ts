import { child, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

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
      const isPassedOn = tls.mode === "PASSTHROUGH" || tls.mode === "AUTO_PASSTHROUGH";
      const files = [tls.serverCertificate, tls.privateKey, tls.caCertificates, tls.credentialName];
      if (isPassedOn && files.some((file) => (file ?? "") !== "")) {
        const problem = `the mode is ${tls.mode ?? ""}, and certificates are named`;
        yield complaint(place, problem, "TLS does not end here, so that they are not used", "Take them away");
      }
      const suites = tls.cipherSuites ?? [];
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
