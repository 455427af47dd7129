import type { ObjectOf } from "../../api/kinds.ts";
import { refOf } from "../../api/object.ts";
import { child } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { lookUp, type World } from "../../model/world.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf } from "./walk.ts";

/** Delegation ends somewhere. */
export const delegateCycles = rule({
  code: "PIL3012",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "delegation does not lead back to where it began",
  *check(object, { world }): Iterable<Complaint> {
    for (const { value, path } of httpRulesOf(object)) {
      if (value.delegate === undefined) continue;
      const way = wayBack(object, delegateOf(object, value.delegate, world), world, []);
      if (way === undefined) continue;
      yield {
        path: child(path, "delegate"),
        problem: `delegation leads back to ${refText(refOf(object))}${way.length === 0 ? "" : ` by way of ${way.join(", ")}`}`,
        reason: "No request would ever come to a destination",
        fix: "Delegate to a VirtualService that has routes",
      };
    }
  },
});

type VirtualService = ObjectOf<"VirtualService">;
type Delegate = NonNullable<NonNullable<VirtualService["spec"]["http"]>[number]["delegate"]>;

function delegateOf(
  from: VirtualService,
  { name = "", namespace }: Delegate,
  world: World,
): VirtualService | undefined {
  const of = namespace ?? from.metadata.namespace;
  if (of === from.metadata.namespace && name === from.metadata.name) return from;
  return lookUp(world, "VirtualService", of, name);
}

/** Names on the way from an object back to the start; undefined where there is none. */
function wayBack(
  start: VirtualService,
  at: VirtualService | undefined,
  world: World,
  way: readonly string[],
): readonly string[] | undefined {
  if (at === undefined) return undefined;
  if (sameRef(refOf(at), refOf(start))) return way;
  const name = `${at.metadata.namespace}/${at.metadata.name}`;
  if (way.includes(name)) return undefined;
  for (const { delegate } of at.spec.http ?? []) {
    const found =
      delegate === undefined ? undefined : wayBack(start, delegateOf(at, delegate, world), world, [...way, name]);
    if (found !== undefined) return found;
  }
  return undefined;
}
