// Settings that are well-formed, and do less than they seem to.
import { parseDuration } from "../../api/duration.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { isIpAddress } from "../../model/authority.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf, items } from "./walk.ts";

/** Time runs out in one place first. */
export const outrunTimes = rule({
  code: "PIL1224",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "tries and delays are shorter than the time-out of the rule",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      const timeout = parseDuration(value.timeout ?? "");
      if (timeout === undefined || timeout === 0) continue;
      const perTry = parseDuration(value.retries?.perTryTimeout ?? "");
      const fix = "Write a longer timeout, or a shorter time here";
      if (perTry !== undefined && perTry > timeout) {
        const problem = `a try may take ${value.retries?.perTryTimeout ?? ""}, and the whole request ${value.timeout ?? ""}`;
        yield complaint(child(path, "retries", "perTryTimeout"), problem, "The request ends before its first try", fix);
      }
      const delay = parseDuration(value.fault?.delay?.fixedDelay ?? "");
      if (delay !== undefined && delay >= timeout) {
        const problem = `the delay is ${value.fault?.delay?.fixedDelay ?? ""}, and the time-out ${value.timeout ?? ""}`;
        yield complaint(
          child(path, "fault", "delay", "fixedDelay"),
          problem,
          "Delayed requests are not ended by this time-out: it begins after the delay",
          fix,
        );
      }
    }
  },
});

const largeBody = 100 * 1024;

/** Things that Istio, too, only warns of. */
export const oddities = rule({
  code: "PIL1225",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "aborts name a status, server names are names, bodies are small",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      const { abort } = value.fault ?? {};
      if (abort !== undefined && abort.httpStatus === undefined && abort.grpcStatus === undefined) {
        const fix = "Write httpStatus or grpcStatus";
        yield complaint(child(path, "fault", "abort"), "the abort names no status", "No request is aborted", fix);
      }
      const { string, bytes } = value.directResponse?.body ?? {};
      const size = string?.length ?? ((bytes?.length ?? 0) * 3) / 4;
      if (size > largeBody) {
        const reason = "Every proxy that has the route holds it";
        yield complaint(
          child(path, "directResponse", "body"),
          `the body has ${size} characters`,
          reason,
          "Answer from a service",
        );
      }
    }
    for (const rule of items(object.spec.tls, jsonPath("spec", "tls"))) {
      for (const match of items(rule.value.match, child(rule.path, "match"))) {
        for (const { value, path } of items(match.value.sniHosts, child(match.path, "sniHosts"))) {
          if (!isIpAddress(value)) continue;
          yield complaint(
            path,
            `"${value}" is an address`,
            "Most callers send no server name for an address",
            "Write a name",
          );
        }
      }
    }
  },
});
