// The workloads of a snapshot, from pods and what surrounds them.
import type { Pod } from "../api/pod.ts";
import { groupBy, keepEqual, keepMap } from "./keep.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Workload } from "./workload.ts";
import { controllerOf, workloadOf } from "./workloads.ts";
import { objectKey, type World } from "./world.ts";

/** Workloads and what is found by them. */
export interface Workloads {
  /** By "namespace/pod". */
  readonly workloads: Snapshot["workloads"];
  readonly workloadsByAddress: Snapshot["workloadsByAddress"];
  /** By namespace; the same list as long as nothing in it changed. */
  readonly byNamespace: ReadonlyMap<string, readonly Workload[]>;
  /** Addresses of pods that have their own. */
  readonly addresses: readonly string[];
}

/** All pods of a world as workloads. The same object as for `previous` when nothing changed. */
export function buildWorkloads(world: World, trustDomain: string, previous: Snapshot | undefined): Workloads {
  const { Pod: pods, Node: nodes, ReplicaSet: replicaSets } = world.objects;
  const last = previous === undefined ? undefined : made.get(previous.workloads);
  if (last !== undefined && isSame(last.inputs, [pods, nodes, replicaSets, trustDomain])) return last.result;
  const workloads = keepMap(
    previous?.workloads,
    new Map([...pods].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, pod]) => [key, toWorkload(pod)])),
  );
  const result =
    last !== undefined && workloads === previous?.workloads ? last.result : indexed(workloads, last?.result);
  made.set(workloads, { inputs: [pods, nodes, replicaSets, trustDomain], result });
  return result;

  function toWorkload(pod: Pod): Workload {
    const { namespace } = pod.metadata;
    const owner = controllerOf(pod.metadata);
    const replicaSet = owner?.kind === "ReplicaSet" ? replicaSets.get(objectKey(namespace, owner.name)) : undefined;
    return workloadOf(pod, { trustDomain, node: nodes.get(objectKey("", pod.spec.nodeName ?? "")), replicaSet });
  }
}

/** What each map of workloads was made from, and made into. */
const made = new WeakMap<Snapshot["workloads"], { readonly inputs: readonly unknown[]; readonly result: Workloads }>();

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.every((item, index) => item === b[index]);
}

function indexed(workloads: Snapshot["workloads"], last: Workloads | undefined): Workloads {
  const own = [...workloads.values()].filter(({ hostNetwork }) => !hostNetwork);
  const withAddress = own.flatMap((workload) =>
    workload.addresses.map((address): [string, Workload] => [address, workload]),
  );
  // A finished pod's address may have been given to the next one.
  const ordered = withAddress.toSorted(([, a], [, b]) => Number(a.serving) - Number(b.serving));
  return {
    workloads,
    workloadsByAddress: keepMap(last?.workloadsByAddress, new Map(ordered)),
    byNamespace: keepMap(
      last?.byNamespace,
      groupBy(workloads.values(), ({ namespace }) => namespace),
    ),
    addresses: keepEqual(last?.addresses, withAddress.map(([address]) => address).toSorted()),
  };
}
