import type { ObjectOf } from "../../api/kinds.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";

type Selecting = ObjectOf<"DestinationRule" | "ServiceEntry" | "PeerAuthentication">;

/** Selectors name labels with their values: no wildcards, no empty names. */
export const selectorLabels = rule({
  code: "PIL1106",
  kinds: ["DestinationRule", "ServiceEntry", "PeerAuthentication"],
  enforcement: "deny",
  summary: "selectors name labels and their values",
  *check(object): Iterable<Complaint> {
    const { labels, path } = selectorOf(object);
    for (const [name, value] of Object.entries(labels)) {
      const reason = "No pod has such a label";
      const fix = "Write a label and its value, such as app: reviews";
      if (name === "") yield { path, problem: "a label has no name", reason, fix };
      else if (name.includes("*") || value.includes("*")) {
        yield { path: child(path, name), problem: `"${name}: ${value}" has a *`, reason, fix };
      }
    }
  },
});

function selectorOf(object: Selecting) {
  switch (object.kind) {
    case "DestinationRule":
      return {
        labels: object.spec.workloadSelector?.matchLabels ?? {},
        path: jsonPath("spec", "workloadSelector", "matchLabels"),
      };
    case "ServiceEntry":
      return {
        labels: object.spec.workloadSelector?.labels ?? {},
        path: jsonPath("spec", "workloadSelector", "labels"),
      };
    case "PeerAuthentication":
      return { labels: object.spec.selector?.matchLabels ?? {}, path: jsonPath("spec", "selector", "matchLabels") };
  }
}
