// Namespaces that an object names, and that there are.
import type { ObjectOf } from "../../api/kinds.ts";
import { nearest } from "../../api/nearest.ts";
import { jsonPath } from "../../base/json-path.ts";
import { valuesOf } from "../authorization-policy/values.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items, type Place } from "../virtual-service/walk.ts";

/** A namespace that is named is there; where none is known nothing can be told. */
export const unknownNamespace = rule({
  code: "PIL2112",
  alias: "IST0101",
  kinds: ["AuthorizationPolicy", "VirtualService", "DestinationRule", "ServiceEntry"],
  enforcement: "warn",
  summary: "namespaces that are named are there",
  *check(object, { world }): Iterable<Complaint> {
    const known = [...world.objects.Namespace.values()].map(({ metadata }) => metadata.name);
    if (known.length === 0) return;
    for (const { value, path } of namedBy(object)) {
      if (["", ".", "~"].includes(value) || known.some((name) => fits(value, name))) continue;
      const near = nearest(value, known);
      yield complaint(
        path,
        `no namespace is "${value}"`,
        object.kind === "AuthorizationPolicy" ? "No caller comes from there" : "Nobody there could see the object",
        near === undefined ? "Create the namespace, or take it away" : `Write "${near}", or create the namespace`,
      );
    }
  },
});

/** Names may be left open at one end. */
function fits(pattern: string, name: string): boolean {
  if (pattern.endsWith("*")) return name.startsWith(pattern.slice(0, -1));
  return pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern;
}

type Naming = ObjectOf<"AuthorizationPolicy" | "VirtualService" | "DestinationRule" | "ServiceEntry">;

function namedBy(object: Naming): readonly Place<string>[] {
  if (object.kind !== "AuthorizationPolicy") return items(object.spec.exportTo, jsonPath("spec", "exportTo"));
  return items(object.spec.rules, jsonPath("spec", "rules"))
    .flatMap(({ value, path }) => [...valuesOf(value, path)])
    .filter(({ field }) => /^(not)?namespaces$/i.test(field));
}
