// Whether a workload takes mutual TLS, plain text or both on a port.
import type { PeerAuthentication, PeerTlsMode } from "../api/peer-authentication.ts";
import { memoize } from "../base/memo.ts";
import { groupBy } from "./keep.ts";
import { hasLabels } from "./selection.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Workload } from "./workload.ts";

/** How inbound connections may come. */
export type MtlsMode = "STRICT" | "PERMISSIVE" | "DISABLE";

/** The parts that tell it. */
type PolicyParts = Pick<Snapshot, "mesh" | "peerAuthentications">;

/** What PeerAuthentications say about one workload. */
export interface PeerPolicy {
  /** For ports that `ports` does not name. */
  readonly mode: MtlsMode;
  /** By the workload's own port number. */
  readonly ports: Readonly<Record<string, MtlsMode>>;
}

/**
 * How connections to a port of a workload may come: as the port's setting says, else the workload's, the namespace's,
 * the mesh's (in the root namespace), else PERMISSIVE. Of several for one scope the oldest counts.
 * @see https://istio.io/latest/docs/reference/config/security/peer_authentication/
 */
export function mtlsMode(snapshot: PolicyParts, workload: Workload, port: number): MtlsMode {
  const policy = peerPolicy(snapshot, workload);
  return policy.ports[String(port)] ?? policy.mode;
}

/** The same for all ports at once. */
export function peerPolicy(snapshot: PolicyParts, workload: Pick<Workload, "namespace" | "labels">): PeerPolicy {
  return peerPolicyFrom(snapshot.peerAuthentications, snapshot.mesh.rootNamespace, workload);
}

/** {@link peerPolicy} before there is a snapshot. `policies` are sorted, oldest first. */
export function peerPolicyFrom(
  policies: readonly PeerAuthentication[],
  rootNamespace: string,
  workload: Pick<Workload, "namespace" | "labels">,
): PeerPolicy {
  const index = byNamespace(policies);
  const local = index.get(workload.namespace) ?? [];
  const selecting = local.find((policy) => isSelecting(policy) && selects(policy, workload.labels));
  const ofNamespace = local.find((policy) => !isSelecting(policy));
  const ofMesh = (index.get(rootNamespace) ?? []).find((policy) => !isSelecting(policy));
  let mode: MtlsMode = "PERMISSIVE";
  for (const policy of [ofMesh, ofNamespace, selecting]) mode = modeOf(policy?.spec.mtls?.mode) ?? mode;
  const ports = Object.entries(selecting?.spec.portLevelMtls ?? {});
  return { mode, ports: Object.fromEntries(ports.map(([port, setting]) => [port, modeOf(setting.mode) ?? mode])) };
}

/** Whether a policy is for selected workloads only; a selector without labels selects all. */
export function isSelecting({ spec }: PeerAuthentication): boolean {
  return Object.keys(spec.selector?.matchLabels ?? {}).length > 0;
}

function selects({ spec }: PeerAuthentication, labels: Readonly<Record<string, string>>): boolean {
  return hasLabels(labels, spec.selector?.matchLabels);
}

function modeOf(mode: PeerTlsMode | undefined): MtlsMode | undefined {
  return mode === "UNSET" ? undefined : mode;
}

const byNamespace = memoize((policies: readonly PeerAuthentication[]) =>
  groupBy(policies, (policy) => policy.metadata.namespace),
);
