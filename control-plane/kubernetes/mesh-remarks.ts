// What is amiss with the mesh configuration, for the log, Events and /readyz: whoever changes it by kubectl hears nothing else.
import { meshConfigMap } from "../../api/mesh-config.ts";
import { findingLine } from "../../base/finding.ts";
import { settingsFromMesh } from "../../injector/mesh-settings.ts";
import { meshConfigOf } from "../../model/mesh-settings.ts";
import { lookUp, type World } from "../../model/world.ts";
import type { ObjectReport } from "../../registry/kubernetes/cluster-objects.ts";
import type { ClusterRegistry } from "../../registry/kubernetes/open-cluster.ts";
import type { ObjectName } from "../../registry/kubernetes/resources.ts";
import type { Logger } from "../log.ts";
import { pause } from "../until.ts";
import type { Topic } from "./events.ts";

/** What Events say of it. */
export const meshConfiguration: Topic = {
  bad: "MeshConfigNotInForce",
  good: "MeshConfigInForce",
  goodMessage: "The mesh configuration is in force as it is",
};

export interface MeshFacts {
  readonly world: World;
  /** Of stored objects of all kinds. */
  readonly reports: readonly ObjectReport[];
  /** The one of this revision. */
  readonly object: ObjectName;
  /** The one that identities have; undefined: none yet. */
  readonly trustDomain: string | undefined;
}

/** Gives what looks, keeps the remark for /readyz, logs what is new, and returns what is an Event's business. */
export function lookAtMesh(deps: {
  readonly cluster: Pick<ClusterRegistry, "world" | "reports">;
  readonly object: ObjectName;
  readonly remarks: Map<string, string>;
  readonly log: Pick<Logger, "warn" | "info">;
  /** Undefined until the mesh configuration was read. */
  readonly trustDomain: () => string | undefined;
}): () => string | undefined {
  const { cluster, object, remarks, log } = deps;
  let told: string | undefined;
  return () => {
    const trustDomain = deps.trustDomain();
    if (trustDomain === undefined) return undefined;
    const facts = { world: cluster.world(), reports: cluster.reports(), object, trustDomain };
    const problem = meshProblem(facts);
    const remark = problem ?? meshNote(facts);
    if (remark === undefined) remarks.delete(about);
    else remarks.set(about, remark);
    if (remark !== told && remark === undefined) log.info({}, "the mesh configuration is in force as it is");
    if (remark !== told && remark !== undefined) log.warn({ problem: remark }, "the mesh configuration needs a look");
    told = remark;
    return problem;
  };
}

/**
 * Wait while there is a mesh configuration that cannot be read: Istio's defaults in its place would be another mesh, with
 * other identities and all destinations open. Resolves also when `signal` is aborted.
 */
export async function untilReadable(
  cluster: Pick<ClusterRegistry, "reports">,
  onProblem: (problem: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const problem = unreadableMesh({ reports: cluster.reports() });
    if (problem === undefined || signal.aborted) return;
    onProblem(problem);
    await pause(lookEveryMs, signal);
  }
}

const about = "mesh configuration";
const lookEveryMs = 250;

/** Why this process must not begin to work: there is a mesh configuration, and nobody can tell what it says. */
export function unreadableMesh({ reports }: Pick<MeshFacts, "reports">): string | undefined {
  return linesOf(reports.filter(({ inForce }) => inForce === "nothing")).join("; ") || undefined;
}

/** What is not in force as it was written; undefined when all is. */
export function meshProblem({ world, reports, object, trustDomain }: MeshFacts): string | undefined {
  const config = meshConfigOf(world);
  const at = `ConfigMap ${object.namespace}/${object.name} at data.${meshConfigMap.key}`;
  const unusable = settingsFromMesh(config).problems.map((problem) => `${at}: ${problem}`);
  const held =
    trustDomain === undefined || trustDomain === config.trustDomain
      ? []
      : [
          `${at}.trustDomain: it is "${config.trustDomain}" now, and identities keep "${trustDomain}" until the control plane is restarted (docs/install.md tells how to change it)`,
        ];
  return [...linesOf(reports), ...unusable, ...held].join("; ") || undefined;
}

/** What is worth knowing and nobody's mistake. */
export function meshNote({ world, object }: Pick<MeshFacts, "world" | "object">): string | undefined {
  const { kind, namespace, name } = meshConfigMap;
  if (lookUp(world, kind, namespace, name) !== undefined) return undefined;
  return `there is no ConfigMap ${object.namespace}/${object.name}, so Istio's defaults hold`;
}

function linesOf(reports: readonly ObjectReport[]): readonly string[] {
  return reports.flatMap(({ object, findings }) =>
    object.kind === meshConfigMap.kind ? findings.map(findingLine) : [],
  );
}
