// The workloads of a snapshot, from pods and what surrounds them.
import type { Node } from "../api/node.ts";
import type { Pod } from "../api/pod.ts";
import type { ReplicaSet } from "../api/replica-set.ts";
import { groupBy, keepEqual, keepMap } from "./keep.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Workload } from "./workload.ts";
import { controllerOf, workloadOf } from "./workloads.ts";
import { type ObjectKey, objectKey, type World } from "./world.ts";

/** Workloads and what is found by them. */
export interface Workloads {
  /** By "namespace/pod", sorted. */
  readonly workloads: Snapshot["workloads"];
  /** Pods that have an address of their own. */
  readonly workloadsByAddress: Snapshot["workloadsByAddress"];
  /** By namespace; the same list as long as nothing in it changed. */
  readonly byNamespace: ReadonlyMap<string, readonly Workload[]>;
}

interface Inputs {
  readonly pods: ReadonlyMap<ObjectKey, Pod>;
  readonly nodes: ReadonlyMap<ObjectKey, Node>;
  readonly replicaSets: ReadonlyMap<ObjectKey, ReplicaSet>;
  readonly trustDomain: string;
}

/** What each map of workloads was made from, and made into. */
const made = new WeakMap<Snapshot["workloads"], { readonly inputs: Inputs; readonly result: Workloads }>();

/** All pods of a world as workloads. The same object as for `previous` when nothing changed. */
export function buildWorkloads(world: World, trustDomain: string, previous: Snapshot | undefined): Workloads {
  const { Pod: pods, Node: nodes, ReplicaSet: replicaSets } = world.objects;
  const inputs: Inputs = { pods, nodes, replicaSets, trustDomain };
  const last = previous === undefined ? undefined : made.get(previous.workloads);
  if (last !== undefined && isSame(last.inputs, inputs) && last.inputs.pods === pods) return last.result;
  const workloads = toWorkloads(inputs, last);
  const result = workloads === last?.result.workloads ? last.result : indexed(workloads, last?.result);
  made.set(workloads, { inputs, result });
  return result;
}

/** Whether everything but the pods is the same. */
function isSame(a: Inputs, b: Inputs): boolean {
  return a.nodes === b.nodes && a.replicaSets === b.replicaSets && a.trustDomain === b.trustDomain;
}

function toWorkloads(inputs: Inputs, last: { inputs: Inputs; result: Workloads } | undefined): Snapshot["workloads"] {
  const { pods } = inputs;
  const old = last?.result.workloads;
  const reusable = last !== undefined && isSame(last.inputs, inputs) ? last.inputs.pods : undefined;
  const next = new Map<string, Workload>();
  let same = old?.size === pods.size;
  // Pods of a map that only changed come in the order in which they were sorted before.
  for (const key of sortedKeys(pods, old)) {
    const pod = pods.get(key);
    if (pod === undefined) continue;
    const before = old?.get(key);
    const kept =
      before !== undefined && reusable?.get(key) === pod ? before : keepEqual(before, toWorkload(pod, inputs));
    if (kept !== before) same = false;
    next.set(key, kept);
  }
  return same && old !== undefined ? old : next;
}

function sortedKeys(pods: ReadonlyMap<ObjectKey, Pod>, old: Snapshot["workloads"] | undefined): Iterable<ObjectKey> {
  const keys = [...pods.keys()];
  const isSorted = keys.every((key, index) => index === 0 || (keys[index - 1] ?? "") < key);
  if (isSorted) return keys;
  if (old === undefined || old.size !== pods.size || keys.some((key) => !old.has(key))) return keys.toSorted();
  return [...old.values()].map(({ namespace, name }) => objectKey(namespace, name));
}

function toWorkload(pod: Pod, { nodes, replicaSets, trustDomain }: Inputs): Workload {
  const { namespace } = pod.metadata;
  const owner = controllerOf(pod.metadata);
  const replicaSet = owner?.kind === "ReplicaSet" ? replicaSets.get(objectKey(namespace, owner.name)) : undefined;
  return workloadOf(pod, { trustDomain, node: nodes.get(objectKey("", pod.spec.nodeName ?? "")), replicaSet });
}

function indexed(workloads: Snapshot["workloads"], last: Workloads | undefined): Workloads {
  const byAddress = new Map<string, Workload>();
  for (const workload of workloads.values()) {
    if (workload.hostNetwork) continue;
    for (const address of workload.addresses) {
      // A finished pod's address may have been given to the next one.
      if (workload.serving || !byAddress.has(address)) byAddress.set(address, workload);
    }
  }
  return {
    workloads,
    workloadsByAddress: keepMap(last?.workloadsByAddress, byAddress),
    byNamespace: keepMap(
      last?.byNamespace,
      groupBy(workloads.values(), ({ namespace }) => namespace),
    ),
  };
}
