// The first step of a start: the world, complete and readable, and whoever wants to hear of its changes.
import { emptyWorld, type World } from "../../model/world.ts";
import { createApiClient } from "../../registry/kubernetes/api-client.ts";
import { openCluster } from "../../registry/kubernetes/open-cluster.ts";
import { systemClock } from "../clock.ts";
import { type KubernetesConfig, serviceName } from "../config.ts";
import { notYet } from "../health.ts";
import { createSnapshots } from "../snapshots.ts";
import { untilAborted } from "../until.ts";
import { kubernetesApi } from "./api.ts";
import { eventsAbout, type Subject } from "./events.ts";
import { lookAtMesh, untilReadable } from "./mesh-remarks.ts";
import { tellReadiness } from "./readiness-events.ts";
import { parts, type StartDeps } from "./start-parts.ts";

export type OpenWorld = Awaited<ReturnType<typeof openWorld>>;

/** The world as the API server tells it, complete. */
export async function openWorld(deps: StartDeps, revisions: () => readonly string[], signal: AbortSignal) {
  const { config, log, health, remarks } = deps;
  const { kubeconfig, namespace, revision } = config;
  const client = await createApiClient(kubeconfig === undefined ? { inCluster: true } : { kubeconfig });
  const snapshots = createSnapshots(emptyWorld());
  const meshConfig = { namespace, name: revision === "default" ? "istio" : `istio-${revision}` };
  const onWorld = new Set<() => void>();
  const onChange = (next: World): void => {
    snapshots.publish(next);
    for (const listener of onWorld) listener();
  };
  const cluster = await openCluster({ client, log, meshConfig, revisions, onChange }, signal);
  health.set(parts.cluster, undefined);
  const api = kubernetesApi(client, signal);
  const events = eventsAbout({ api, log, clock: systemClock, about: subject(config) });
  const reading = (): string | undefined => cluster.problems().join("; ") || undefined;
  const readiness = (): string | undefined => {
    if (!cluster.synced()) health.set(parts.world, reading() ?? notYet);
    const problem = cluster.synced() ? reading() : undefined;
    if (problem === undefined) remarks.delete("watches");
    else remarks.set("watches", problem);
    return health.problem();
  };
  let trustDomain: string | undefined;
  const mesh = lookAtMesh({ cluster, object: meshConfig, remarks, log, trustDomain: () => trustDomain });
  tellReadiness({ readiness, reading: () => remarks.get("watches"), mesh }, events, signal);
  await Promise.race([cluster.untilSynced(), untilAborted(signal)]);
  signal.throwIfAborted();
  health.set(parts.world, undefined);
  await untilReadable(cluster, (problem) => health.set(parts.mesh, problem), signal);
  signal.throwIfAborted();
  health.set(parts.mesh, undefined);
  trustDomain = snapshots.holdTrustDomain();
  return { client, api, events, snapshots, cluster, onWorld };
}

/** What Events are about. */
function subject({ namespace, revision, pod }: KubernetesConfig): Subject {
  return pod === undefined
    ? { kind: "Deployment", namespace, name: serviceName(revision) }
    : { kind: "Pod", namespace, ...pod };
}
