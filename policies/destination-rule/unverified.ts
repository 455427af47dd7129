import { child } from "../../base/json-path.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { settingsOf } from "./connections.ts";

/** TLS without roots trusts whoever answers. */
export const unverified = rule({
  code: "PIL1310",
  alias: "IST0128",
  kinds: ["DestinationRule"],
  enforcement: "warn",
  summary: "TLS towards a host checks the server's certificate",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of settingsOf(object)) {
      const { tls } = value;
      if (tls?.mode !== "SIMPLE" && tls?.mode !== "MUTUAL") continue;
      const isFromSecret = filled(tls.credentialName) && object.spec.workloadSelector !== undefined;
      if (filled(tls.caCertificates) || isFromSecret || tls.insecureSkipVerify === true) continue;
      const found = complaint(
        child(path, "tls"),
        `the mode is ${tls.mode}, and no caCertificates are named`,
        `The certificate of ${object.spec.host} is not checked against any root that was chosen for it`,
        "Name the file of the roots in caCertificates, or write insecureSkipVerify: true if that is meant",
      );
      yield { ...found, alias: path.includes(".portLevelSettings[") ? "IST0129" : "IST0128" };
    }
  },
});
