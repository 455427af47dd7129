// Kinds of which one speaks for a scope: the workloads that it selects, or a whole namespace.
import type { ObjectOf } from "../../api/kinds.ts";
import { refOf } from "../../api/object.ts";
import { jsonPath } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { hasLabels } from "../../model/selection.ts";
import type { World } from "../../model/world.ts";
import { type Complaint, rule } from "../rule.ts";
import { selectorOf } from "./selectors.ts";

type Scoped = ObjectOf<"PeerAuthentication" | "Sidecar" | "Telemetry">;

/** One object speaks for a namespace, and one for each set of selected workloads. */
export const oneForScope = rule({
  code: "PIL3002",
  kinds: ["PeerAuthentication", "Sidecar", "Telemetry"],
  enforcement: "deny",
  summary: "one PeerAuthentication, Sidecar or Telemetry a scope",
  *check(object, { world }): Iterable<Complaint> {
    const scope = scopeOf(object);
    const other = othersOf(object, world).find((stored) => scopeOf(stored) === scope);
    if (other === undefined) return;
    const isSelecting = Object.keys(selectorOf(object).labels ?? {}).length > 0;
    const what = isSelecting ? "the same workloads" : `all workloads of namespace ${object.metadata.namespace}`;
    yield {
      path: jsonPath("spec"),
      ...aliasFor(object, isSelecting),
      problem: `${refText(refOf(other))} is for ${what}, too`,
      reason: "Only the older of the two would count",
      fix: `Change ${other.metadata.namespace}/${other.metadata.name}, or select other workloads`,
      others: [refOf(other)],
    };
  },
});

/** Different selectors may select the same pods. */
export const sharedPods = rule({
  code: "PIL3013",
  kinds: ["PeerAuthentication", "Sidecar", "Telemetry"],
  enforcement: "warn",
  summary: "a workload is selected by one PeerAuthentication, Sidecar or Telemetry",
  *check(object, { world, snapshot }): Iterable<Complaint> {
    const { labels = {}, path } = selectorOf(object);
    if (Object.keys(labels).length === 0) return;
    const scope = scopeOf(object);
    for (const other of othersOf(object, world)) {
      const theirs = selectorOf(other).labels ?? {};
      if (Object.keys(theirs).length === 0 || scopeOf(other) === scope) continue;
      const pod = [...snapshot.workloads.values()].find(
        (workload) =>
          workload.namespace === object.metadata.namespace &&
          [labels, theirs].every((wanted) => hasLabels(workload.labels, wanted)),
      );
      if (pod === undefined) continue;
      yield {
        path,
        ...aliasFor(object, true),
        problem: `${refText(refOf(other))} selects pod ${pod.namespace}/${pod.name}, too`,
        reason: "Only the older of the two counts for it",
        fix: "Write selectors that have no pod in common",
        others: [refOf(other)],
      };
    }
  },
});

/** Istio has codes of their own for two of the kinds, and never compares PeerAuthentications. */
function aliasFor({ kind }: Scoped, isSelecting: boolean): Pick<Complaint, "alias"> {
  switch (kind) {
    case "Sidecar":
      return { alias: isSelecting ? "IST0110" : "IST0111" };
    case "Telemetry":
      return { alias: isSelecting ? "IST0159" : "IST0160" };
    case "PeerAuthentication":
      return {};
  }
}

function othersOf(object: Scoped, world: World): readonly Scoped[] {
  const all: readonly Scoped[] = [...world.objects[object.kind].values()];
  const { namespace } = object.metadata;
  return all.filter((stored) => stored.metadata.namespace === namespace && !sameRef(refOf(stored), refOf(object)));
}

function scopeOf(object: Scoped): string {
  const targets = object.kind === "Telemetry" ? [object.spec.targetRef, ...(object.spec.targetRefs ?? [])] : [];
  const labels = Object.entries(selectorOf(object).labels ?? {}).map(([name, value]) => `${name}=${value}`);
  const named = targets.map((target) => (target === undefined ? "" : `${target.kind}/${target.name}`));
  return [...labels.toSorted(), ...named.filter((name) => name !== "").toSorted()].join(" ");
}
