import { child, jsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { dnsLabel } from "./names.ts";

/** exportTo names namespaces, "." or "*", each once, and "*" alone. */
export const exportTo = rule({
  code: "PIL1101",
  kinds: ["VirtualService", "DestinationRule", "ServiceEntry"],
  enforcement: "deny",
  summary: "exportTo names namespaces, once each, or everybody",
  *check({ kind, metadata, spec }): Iterable<Complaint> {
    const path = jsonPath("spec", "exportTo");
    const seen = new Set<string>();
    const reason = "It would not be clear which namespaces see the object";
    for (const [index, entry] of (spec.exportTo ?? []).entries()) {
      const place = child(path, index);
      const namespace = entry === "." ? metadata.namespace : entry;
      if (entry === "~" && kind !== "ServiceEntry") {
        yield {
          path: place,
          problem: '"~" hides the object from everybody',
          reason: "It would do nothing",
          fix: 'Write "." for this namespace only',
        };
      } else if (![".", "*", "~"].includes(entry) && !(entry.length <= 63 && dnsLabel.test(entry))) {
        yield {
          path: place,
          problem: `"${entry}" is no name of a namespace`,
          reason: "No namespace could match it",
          fix: 'Write a namespace, "." for this one or "*" for all',
        };
      }
      if (seen.has(namespace)) {
        yield {
          path: place,
          problem: `"${entry}" names a namespace that an entry before it names`,
          reason,
          fix: "Take one of them away",
        };
      }
      seen.add(namespace);
    }
    for (const whole of ["*", "~"]) {
      if (seen.has(whole) && seen.size > 1) {
        yield {
          path,
          problem: `"${whole}" stands beside other entries`,
          reason,
          fix: whole === "*" ? 'Keep "*" alone for all namespaces, or the others for those only' : 'Take "~" away',
        };
      }
    }
  },
});
