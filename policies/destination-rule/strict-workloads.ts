// TLS towards workloads that take mutual TLS of the mesh only.
import type { ObjectOf } from "../../api/kinds.ts";
import { child } from "../../base/json-path.ts";
import { completeHost } from "../../model/hosts.ts";
import { mtlsMode } from "../../model/mtls.ts";
import { hasLabels } from "../../model/selection.ts";
import type { MeshService } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type Complaint, rule } from "../rule.ts";
import { settingsOf } from "./connections.ts";

/** What is STRICT answers nobody who comes without the mesh's own TLS. */
export const tlsToStrict = rule({
  code: "PIL3010",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "a DestinationRule leaves mutual TLS on towards workloads that are STRICT",
  *check(object, { snapshot }): Iterable<Complaint> {
    const service = serviceOf(object, snapshot);
    if (service === undefined) return;
    for (const { value, path } of settingsOf(object)) {
      const mode = value.tls?.mode;
      if (mode === undefined || mode === "ISTIO_MUTUAL") continue;
      const port = "port" in value ? value.port?.number : undefined;
      const strict = strictPod(snapshot, service, port);
      if (strict === undefined) continue;
      yield {
        path: child(path, "tls", "mode"),
        problem: `the mode is ${mode}, and pod ${strict} takes mutual TLS of the mesh only`,
        reason: "It would end every such connection, and callers would get 503",
        fix: "Write ISTIO_MUTUAL, take tls away, or make the PeerAuthentication PERMISSIVE",
        others: [service.origin],
      };
    }
  },
});

/** What has no proxy, or was told to speak plain text, understands nobody who comes with the mesh's TLS. */
export const tlsToPlain = rule({
  code: "PIL3025",
  kinds: ["DestinationRule"],
  enforcement: "warn",
  summary: "a DestinationRule asks for mutual TLS of workloads that speak it",
  *check(object, { snapshot }): Iterable<Complaint> {
    const service = serviceOf(object, snapshot);
    if (service === undefined) return;
    for (const { value, path } of settingsOf(object)) {
      if (value.tls?.mode !== "ISTIO_MUTUAL") continue;
      const port = "port" in value ? value.port?.number : undefined;
      const [, index] = /^spec\.subsets\[(\d+)\]/.exec(path) ?? [];
      const labels = index === undefined ? {} : object.spec.subsets?.[Number(index)]?.labels;
      const plain = plainPod(snapshot, service, port, labels ?? {});
      if (plain === undefined) continue;
      yield {
        path: child(path, "tls", "mode"),
        problem: `the mode is ISTIO_MUTUAL, and pod ${plain.pod} ${plain.isMeshed ? "is told to speak plain text" : "has no proxy"}`,
        reason: "It would not understand the handshake, and callers would get 503",
        fix: "Take tls away: mutual TLS is tried wherever it is understood",
        others: [service.origin],
      };
    }
  },
});

function serviceOf({ metadata, spec }: ObjectOf<"DestinationRule">, snapshot: Snapshot): MeshService | undefined {
  const { services, mesh } = snapshot;
  return services.get(completeHost(spec.host, metadata.namespace, mesh.clusterDomain, (name) => services.has(name)));
}

/** A pod behind a service that takes no mutual TLS on a port; on none of them where none is named. */
function plainPod(
  snapshot: Snapshot,
  service: MeshService,
  port: number | undefined,
  labels: Readonly<Record<string, string>>,
): { readonly pod: string; readonly isMeshed: boolean } | undefined {
  for (const endpoint of snapshot.endpoints.get(service.hostname) ?? []) {
    const { workload, ports, meshTls, plaintextPorts = [] } = endpoint;
    if (workload === undefined || !hasLabels(endpoint.labels, labels)) continue;
    const number = port === undefined ? undefined : ports[port];
    if (port !== undefined && number === undefined) continue;
    if (meshTls && (number === undefined || !plaintextPorts.includes(number))) continue;
    return { pod: workload, isMeshed: snapshot.workloads.get(workload)?.hasSidecar === true };
  }
  return undefined;
}

/** A pod behind a service that refuses plain text on a port; on any where none is named. */
function strictPod(snapshot: Snapshot, service: MeshService, port: number | undefined): string | undefined {
  for (const { workload, ports } of snapshot.endpoints.get(service.hostname) ?? []) {
    const pod = workload === undefined ? undefined : snapshot.workloads.get(workload);
    if (pod === undefined || !pod.hasSidecar) continue;
    const numbers = port === undefined ? Object.values(ports) : [ports[port]];
    if (numbers.some((number) => number !== undefined && mtlsMode(snapshot, pod, number) === "STRICT")) {
      return `${pod.namespace}/${pod.name}`;
    }
  }
  return undefined;
}
