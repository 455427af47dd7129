// The control plane of a mesh on Kubernetes: API server → world → snapshot → proxies, and the webhooks that it asks.
import { setMaxListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { collectDefaultMetrics, Registry } from "prom-client";
import { systemClock } from "./clock.ts";
import { type KubernetesConfig, serviceName } from "./config.ts";
import { createHealth } from "./health.ts";
import { findGround } from "./kubernetes/find-ground.ts";
import { injectionSettings } from "./kubernetes/injection-settings.ts";
import { keep } from "./kubernetes/keep.ts";
import { keepAll } from "./kubernetes/keep-all.ts";
import { openWorld } from "./kubernetes/open-world.ts";
import { remarking } from "./kubernetes/remarks.ts";
import { parts, type StartDeps } from "./kubernetes/start-parts.ts";
import { reviewedTokens, reviewToken } from "./kubernetes/token-review.ts";
import { followValues, valuesInForce } from "./kubernetes/values-file.ts";
import type { Logger } from "./log.ts";
import { startMonitoring } from "./monitoring.ts";
import { createReviewer, warmUp } from "./reviewer.ts";
import { type Serving, serve, xdsSettings } from "./serve.ts";
import { createServingCertificate, servingNames } from "./serving-certificate.ts";
import { createSyncz } from "./syncz.ts";
import { pause, untilAborted } from "./until.ts";

/** Until then the nodes have heard that this replica goes, and a connection that is opened anew leads to another one. */
const noticeMs = 2_000;
/** In this time proxies move there, one after the other. */
const moveMs = 3_000;
const valuesEveryMs = 5_000;
const noValues = Object.freeze({});

/**
 * Run until `signal` is aborted, then let everybody go to other replicas and end.
 * @throws {PillionError} KUBECONFIG, API_CREDENTIALS, KUBERNETES_VERSION, VALUES, MONITORING_LISTEN, WEBHOOK_LISTEN, XDS_PORT:
 * nothing was left running. Whatever may become well by itself is waited for instead.
 */
export async function runKubernetesMode(config: KubernetesConfig, log: Logger, signal: AbortSignal): Promise<void> {
  const running = new AbortController();
  setMaxListeners(0, running.signal);
  const health = createHealth(Object.values(parts));
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const remarks = new Map([["self-test", "not yet"]]);
  let serving: Serving | undefined;
  const monitoring = await startMonitoring({
    listen: config.monitoring,
    health,
    remarks: () => [...remarks].map(([about, text]) => `[ ]${about}: ${text}\n`).join(""),
    metrics,
    syncz: createSyncz({
      proxies: () => serving?.xds.status(),
      revision: config.revision,
      now: () => performance.now(),
    }),
  });
  const stopEarly = (): void => running.abort();
  signal.addEventListener("abort", stopEarly, { once: true });
  if (signal.aborted) stopEarly();
  try {
    serving = await start({ config, log, health, metrics, remarks }, running.signal);
    if (serving === undefined) return;
    signal.removeEventListener("abort", stopEarly);
    await untilAborted(signal);
    log.info({}, "control plane stops");
    health.stop();
    // The API server's connections end as they are idle or answered; whoever still comes is answered, to the very end.
    serving.webhook.drain();
    await pause(noticeMs, running.signal);
    await serving.xds.drain(moveMs);
    await serving.close();
    log.info({}, "control plane stopped");
  } catch (thrown) {
    if (!running.signal.aborted) throw thrown;
  } finally {
    running.abort();
    await monitoring.close();
  }
}

/** Everything, in the order in which one needs the other; undefined when `signal` is aborted before. */
async function start(deps: StartDeps, signal: AbortSignal): Promise<Serving | undefined> {
  const { config, log, health, metrics } = deps;
  // Done while the API server is waited for.
  const warm = warmUp(setImmediate);
  const values = config.valuesFile === undefined ? undefined : await followValues(config.valuesFile);
  const revisions = () => [config.revision, ...(values?.current().tags ?? [])];
  const world = await openWorld(deps, revisions, signal);
  const { api, snapshots, cluster } = world;
  const ground = await findGround(deps, world, signal);
  if (ground === undefined) return undefined;
  const { ca } = ground;
  const settings = injectionSettings(
    config,
    () => values?.current() ?? noValues,
    snapshots,
    () => cluster.world().objects.Node,
  );
  const hosts = () => certificateHosts(config, settings().clusterDomain);
  const certificate = createServingCertificate(ca, hosts, systemClock, signal);
  const serving = await serve(
    {
      config,
      ca,
      certificate,
      checkToken: reviewedTokens({ review: (body) => reviewToken(api, body), now: systemClock.now }),
      snapshots,
      world: () => cluster.world(),
      review: createReviewer(snapshots.current),
      settings,
      selection: "api-server",
      ready: health.ready,
      metrics,
      log,
    },
    signal,
  );
  await warm;
  health.set(parts.servers, undefined);
  const { tested, webhooks } = keepAll(deps, { ...world, ...ground, settings }, signal);
  certificate.subscribe(tested.poke);
  if (values !== undefined) {
    const task = async (): Promise<void> => {
      const before = values.current();
      await values.refresh();
      if (values.current() === before) return;
      webhooks.poke();
      cluster.reviseOwn();
      certificate.refresh();
    };
    const onOutcome = remarking(deps.remarks, world.events)("values", valuesInForce);
    keep({ name: "values", log, everyMs: valuesEveryMs, onOutcome, task }, signal);
  }
  return serving;
}

const wildcards: readonly string[] = ["0.0.0.0", "::"];

/** All names by which the API server and proxies call this process. */
function certificateHosts(config: KubernetesConfig, clusterDomain: string): readonly string[] {
  const urlHost = config.webhookUrl === undefined ? [] : [new URL(config.webhookUrl).hostname.replace(/^\[|\]$/g, "")];
  const hosts = [config.webhook.host, config.xds.host, xdsSettings(config).host, ...urlHost];
  const names = servingNames(serviceName(config.revision), config.namespace, clusterDomain);
  return [...names, ...hosts].filter((host) => !wildcards.includes(host));
}
