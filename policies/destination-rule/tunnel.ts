import { child } from "../../base/json-path.ts";
import { hostFault, portFault } from "../common/names.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { settingsOf } from "./connections.ts";

/** A tunnel leads to a host and a port, by a method that proxies know. */
export const tunnel = rule({
  code: "PIL1312",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "a tunnel names a host, a port and CONNECT or POST",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of settingsOf(object)) {
      if (!("tunnel" in value) || value.tunnel === undefined) continue;
      const place = child(path, "tunnel");
      const { protocol, targetHost, targetPort } = value.tunnel;
      const reason = "The proxy that is called could not tell where to";
      if (filled(protocol) && protocol !== "CONNECT" && protocol !== "POST") {
        const problem = `"${protocol}" is no method of tunnels`;
        yield complaint(child(place, "protocol"), problem, reason, "Write CONNECT or POST");
      }
      const fault = hostFault(targetHost, { wildcard: false, address: true });
      if (fault !== undefined) {
        const problem = `"${targetHost}" ${fault}`;
        yield complaint(child(place, "targetHost"), problem, reason, "Write a host name or an IP address");
      }
      const wrong = portFault(targetPort);
      if (wrong !== undefined) {
        yield complaint(
          child(place, "targetPort"),
          `the port ${targetPort} ${wrong}`,
          reason,
          "Write a port such as 443",
        );
      }
    }
  },
});
