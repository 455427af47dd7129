import { child, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

const methods = ["httpGet", "tcpSocket", "exec", "grpc"] as const;

/** A probe asks in one way. */
export const workloadProbe = rule({
  code: "PIL1802",
  kinds: ["WorkloadGroup"],
  enforcement: "deny",
  summary: "a probe asks in exactly one way",
  *check({ spec }): Iterable<Complaint> {
    const { probe } = spec;
    if (probe === undefined) return;
    const path = jsonPath("spec", "probe");
    const there = methods.filter((method) => probe[method] !== undefined);
    if (there.length !== 1) {
      const problem = there.length === 0 ? "the probe asks nothing" : `the probe has ${there.join(" and ")}`;
      yield complaint(path, problem, "Health is asked for in one way", `Keep one of ${methods.join(", ")}`);
    }
    const { httpGet, exec } = probe;
    if (!["", "HTTP", "HTTPS", undefined].includes(httpGet?.scheme)) {
      const problem = `the scheme is "${httpGet?.scheme ?? ""}"`;
      yield complaint(child(path, "httpGet", "scheme"), problem, "Nobody answers to it", "Write HTTP or HTTPS");
    }
    for (const header of items(httpGet?.httpHeaders, child(path, "httpGet", "httpHeaders"))) {
      const { name = "" } = header.value;
      if (/^[-_A-Za-z0-9]+$/.test(name)) continue;
      const problem = `"${name}" is no name of a header`;
      yield complaint(child(header.path, "name"), problem, "It could not be sent", "Use letters, digits, - and _");
    }
    if (exec?.command.length === 0) {
      const fix = "Write the program and its arguments";
      yield complaint(child(path, "exec", "command"), "there is no command", "Nothing could be run", fix);
    }
    if (probe.grpc !== undefined && probe.grpc.port === undefined) {
      yield complaint(child(path, "grpc", "port"), "there is no port", "Nothing could be asked", "Add port");
    }
  },
});
