// Pods as the mesh sees them.

import type { Node } from "../api/node.ts";
import { isJsonObject } from "../api/normalize.ts";
import type { Metadata, OwnerReference } from "../api/object.ts";
import type { Container, Pod } from "../api/pod.ts";
import type { ReplicaSet } from "../api/replica-set.ts";
import { memoize } from "../base/memo.ts";
import { isIpAddress } from "./authority.ts";
import { type ApplicationProbe, type ProbeTable, probesAnnotation, sidecarNames, tlsModeLabel } from "./sidecar.ts";
import type { Workload } from "./workload.ts";

/** Objects that say more about a pod. */
export interface PodSurroundings {
  readonly trustDomain: string;
  readonly node: Node | undefined;
  readonly replicaSet: ReplicaSet | undefined;
}

/** A pod as the mesh sees it; the same object for the same inputs. */
export function workloadOf(pod: Pod, { trustDomain, node, replicaSet }: PodSurroundings): Workload {
  return remembered(pod, trustDomain, node, replicaSet);
}

/** The SPIFFE ID of a service account. */
export function spiffeId(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** The controller of an object, if it has one. */
export function controllerOf(metadata: Metadata): OwnerReference | undefined {
  return metadata.ownerReferences.find(({ controller }) => controller) ?? metadata.ownerReferences[0];
}

const remembered = memoize(
  (pod: Pod, trustDomain: string, node: Node | undefined, replicaSet: ReplicaSet | undefined): Workload => {
    const { metadata, spec, status } = pod;
    const serviceAccount = spec.serviceAccountName ?? "default";
    return {
      name: metadata.name,
      namespace: metadata.namespace,
      addresses: addressesOf(pod),
      labels: metadata.labels,
      annotations: metadata.annotations,
      serviceAccount,
      identity: spiffeId(trustDomain, metadata.namespace, serviceAccount),
      hasSidecar: metadata.labels[tlsModeLabel] === "istio",
      serving:
        metadata.deletionTimestamp === undefined &&
        status.phase !== "Succeeded" &&
        status.phase !== "Failed" &&
        status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true,
      terminating: metadata.deletionTimestamp !== undefined,
      hostNetwork: spec.hostNetwork === true,
      owner: ownerOf(metadata, replicaSet),
      ports: applicationContainers(pod).flatMap(portsOf),
      probes: probesOf(metadata.annotations[probesAnnotation]),
      locality: localityOf(metadata.labels, node?.metadata.labels ?? {}),
    };
  },
);

/** What is no address is left out: in a listener's address range it would cost every proxy that listener. */
function addressesOf({ status }: Pod): readonly string[] {
  const listed = (status.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip])).filter(isIpAddress);
  if (listed.length > 0) return listed;
  return status.podIP !== undefined && isIpAddress(status.podIP) ? [status.podIP] : [];
}

/** A pod of a Deployment belongs to a ReplicaSet, whose name is the Deployment's and a hash. */
function ownerOf(metadata: Metadata, replicaSet: ReplicaSet | undefined): string {
  const owner = controllerOf(metadata);
  if (owner === undefined) return `Pod/${metadata.name}`;
  if (owner.kind !== "ReplicaSet") return `${owner.kind}/${owner.name}`;
  const above = replicaSet === undefined ? undefined : controllerOf(replicaSet.metadata);
  if (above !== undefined) return `${above.kind}/${above.name}`;
  const hash = metadata.labels["pod-template-hash"];
  if (hash === undefined || !owner.name.endsWith(`-${hash}`)) return `ReplicaSet/${owner.name}`;
  return `Deployment/${owner.name.slice(0, -hash.length - 1)}`;
}

/** Containers whose ports are the application's: init containers count when they stay, the proxy never does. */
function applicationContainers({ spec }: Pod): readonly Container[] {
  const staying = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...(spec.containers ?? []), ...staying].filter(({ name }) => name !== sidecarNames.proxyContainer);
}

function portsOf({ ports }: Container): Workload["ports"] {
  return (ports ?? [])
    .filter(({ containerPort }) => containerPort >= 1 && containerPort <= 65_535)
    .map(({ name, containerPort, protocol }) => ({
      name: name ?? "",
      number: containerPort,
      protocol: protocol === "UDP" || protocol === "SCTP" ? protocol : "TCP",
    }));
}

/** The injector wrote it; a pod that a person wrote by hand may say anything. */
function probesOf(text: string | undefined): ProbeTable {
  if (text === undefined) return {};
  try {
    const table: unknown = JSON.parse(text);
    const entries = isJsonObject(table) ? Object.entries(table) : [];
    return Object.fromEntries(entries.flatMap(([path, probe]) => (isEntry(probe) ? [[path, probe]] : [])));
  } catch {
    // No JSON: nobody answers these probes, and the kubelet says so on the pod.
    return {};
  }
}

function isEntry(value: unknown): value is ProbeTable[string] {
  if (!isJsonObject(value) || value["type"] !== "metrics") return isProbe(value);
  const { application, more = [] } = value;
  return (application === undefined || isHttpProbe(application)) && Array.isArray(more) && more.every(isHttpProbe);
}

const isHttpProbe = (value: unknown): boolean => isProbe(value) && value.type === "http";

function isProbe(value: unknown): value is ApplicationProbe {
  if (!isJsonObject(value) || !isPort(value["port"]) || typeof value["timeoutSeconds"] !== "number") return false;
  const { type, path, https, host, headers, service } = value;
  if (type === "tcp") return true;
  if (type === "grpc") return typeof service === "string";
  if (type !== "http" || typeof path !== "string" || typeof https !== "boolean" || !Array.isArray(headers))
    return false;
  return (host === undefined || typeof host === "string") && headers.every(isHeader);
}

const isPort = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
const isHeader = (value: unknown): boolean =>
  isJsonObject(value) && typeof value["name"] === "string" && typeof value["value"] === "string";

/** A label on the pod goes before the node's labels, as in Istio. */
function localityOf(labels: Metadata["labels"], node: Metadata["labels"]): string {
  const written = labels["istio-locality"];
  if (written !== undefined && written !== "") return written.includes("/") ? written : written.replaceAll(".", "/");
  const region = node["topology.kubernetes.io/region"] ?? "";
  const zone = node["topology.kubernetes.io/zone"] ?? "";
  const subzone = node["topology.istio.io/subzone"] ?? "";
  return [region, zone, subzone].join("/").replace(/\/+$/, "");
}
