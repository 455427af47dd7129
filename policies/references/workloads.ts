// Workloads that are selected, and that there are.
import { child, jsonPath } from "../../base/json-path.ts";
import { completeHost } from "../../model/hosts.ts";
import { hasLabels } from "../../model/selection.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { selectorOf } from "../common/selectors.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** What is selected is there; where no pod is known at all nothing can be told. */
export const selectedWorkloads = rule({
  code: "PIL2108",
  alias: "IST0101",
  kinds: ["Sidecar", "Telemetry", "PeerAuthentication"],
  enforcement: "warn",
  summary: "a selector selects a pod",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { labels = {}, path } = selectorOf(object);
    const { namespace } = object.metadata;
    if (Object.keys(labels).length === 0 || snapshot.workloads.size === 0) return;
    if (selects(snapshot, labels, namespace)) return;
    yield nobody(path, labels, namespace);
  },
});

/** The same for policies, whose root namespace is for all. */
export const guardedWorkloads = rule({
  code: "PIL2109",
  alias: "IST0127",
  kinds: ["AuthorizationPolicy", "RequestAuthentication"],
  enforcement: "warn",
  summary: "a policy is for workloads that there are",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { labels = {}, path } = selectorOf(object);
    const { namespace } = object.metadata;
    if (object.spec.targetRef !== undefined || (object.spec.targetRefs?.length ?? 0) > 0) return;
    if (snapshot.workloads.size === 0) return;
    const isRoot = namespace === snapshot.mesh.rootNamespace;
    if (isRoot && Object.keys(labels).length === 0) return;
    if (selects(snapshot, labels, isRoot ? undefined : namespace)) return;
    yield nobody(path, labels, isRoot ? "any namespace" : namespace);
  },
});

/** Subsets are of endpoints that there are. Topology comes from nodes, not from pods. */
export const emptySubsets = rule({
  code: "PIL2110",
  alias: "IST0173",
  kinds: ["DestinationRule"],
  enforcement: "warn",
  summary: "a subset selects an endpoint",
  *check({ metadata, spec }, { snapshot }): Iterable<Complaint> {
    const { services, mesh } = snapshot;
    const host = completeHost(spec.host, metadata.namespace, mesh.clusterDomain, (name) => services.has(name));
    const service = services.get(host);
    if (service?.origin.kind !== "Service") return;
    for (const { value, path } of items(spec.subsets, jsonPath("spec", "subsets"))) {
      const written = Object.entries(value.labels ?? {});
      const wanted = Object.fromEntries(written.filter(([name]) => !name.startsWith("topology.")));
      const endpoints = snapshot.endpoints.get(host) ?? [];
      const pods = [...snapshot.workloads.values()].filter(({ namespace }) => namespace === service.namespace);
      // Files seldom hold pods: then nothing can be told.
      if (endpoints.length + snapshot.workloads.size === 0) return;
      const isThere = [...endpoints, ...pods].some(({ labels }) => hasLabels(labels, wanted));
      if (isThere) continue;
      yield complaint(
        child(path, "labels"),
        `no endpoint of ${spec.host} has the labels of subset "${value.name}"`,
        "Routes to the subset would be answered with 503",
        "Correct the labels, or start pods that have them",
      );
    }
  },
});

function nobody(path: Complaint["path"], labels: Readonly<Record<string, string>>, where: string): Complaint {
  const written = Object.entries(labels).map(([name, value]) => `${name}: ${value}`);
  const what = written.length === 0 ? "there is no pod" : `no pod has ${written.join(", ")}`;
  return complaint(path, `${what} in ${where}`, "The object has no effect", "Correct the labels, or start such pods");
}

/** Whether some pod has the labels; in any namespace where none is named. */
function selects(snapshot: Snapshot, labels: Readonly<Record<string, string>>, namespace: string | undefined): boolean {
  return [...snapshot.workloads.values()].some(
    (workload) => (namespace === undefined || workload.namespace === namespace) && hasLabels(workload.labels, labels),
  );
}
