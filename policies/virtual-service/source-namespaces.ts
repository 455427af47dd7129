import { child } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { connectionMatchesOf, httpMatchesOf } from "./walk.ts";

/** A match by the caller's namespace names one. */
export const sourceNamespaces = rule({
  code: "PIL1241",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "callers are matched by a namespace that there can be",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of [...httpMatchesOf(object), ...connectionMatchesOf(object)]) {
      const name = value.sourceNamespace ?? "";
      if (name === "" || /^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/.test(name)) continue;
      yield {
        path: child(path, "sourceNamespace"),
        problem: `"${name.slice(0, 80)}" is no name of a namespace`,
        reason: "No caller comes from there, so that the rule never acts",
        fix: "Write the name of one namespace; a match for each where there are several",
      };
    }
  },
});
