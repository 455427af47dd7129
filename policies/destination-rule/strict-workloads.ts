// TLS towards workloads that take mutual TLS of the mesh only.
import type { ObjectOf } from "../../api/kinds.ts";
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { refText } from "../../base/object-ref.ts";
import { completeHost, hostname } from "../../model/hosts.ts";
import { isSelecting, mtlsMode } from "../../model/mtls.ts";
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

/** The same from the other side. */
export const strictBehindTls = rule({
  code: "PIL3011",
  kinds: ["PeerAuthentication"],
  enforcement: "warn",
  summary: "workloads that become STRICT are called with mutual TLS",
  *check(object, { snapshot }): Iterable<Complaint> {
    if (object.spec.mtls?.mode !== "STRICT") return;
    const { namespace } = object.metadata;
    const wanted = object.spec.selector?.matchLabels;
    for (const stored of snapshot.destinationRules) {
      const service = snapshot.services.get(hostname(stored.spec.host));
      const mode = trafficModeOf(stored);
      if (service === undefined || mode === undefined) continue;
      const isMine = (snapshot.endpoints.get(service.hostname) ?? []).some(({ workload }) => {
        const pod = workload === undefined ? undefined : snapshot.workloads.get(workload);
        if (pod === undefined || !pod.hasSidecar) return false;
        if (pod.namespace !== namespace && (namespace !== snapshot.mesh.rootNamespace || isSelecting(object)))
          return false;
        return hasLabels(pod.labels, wanted);
      });
      if (!isMine) continue;
      yield {
        path: jsonPath("spec", "mtls", "mode"),
        problem: `the mode is STRICT, and ${refText(refOf(stored))} calls ${stored.spec.host} with TLS mode ${mode}`,
        reason: "Those calls would be ended, and callers would get 503",
        fix: "Take tls out of the DestinationRule, or write PERMISSIVE",
        others: [refOf(stored)],
      };
    }
  },
});

function trafficModeOf(rule: ObjectOf<"DestinationRule">): string | undefined {
  const mode = rule.spec.trafficPolicy?.tls?.mode;
  return mode === "ISTIO_MUTUAL" ? undefined : mode;
}

function serviceOf({ metadata, spec }: ObjectOf<"DestinationRule">, snapshot: Snapshot): MeshService | undefined {
  const { services, mesh } = snapshot;
  return services.get(completeHost(spec.host, metadata.namespace, mesh.clusterDomain, (name) => services.has(name)));
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
