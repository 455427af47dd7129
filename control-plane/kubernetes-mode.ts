// The control plane of a mesh on Kubernetes: API server → world → snapshot → proxies, and the webhooks that it asks.
import { setMaxListeners } from "node:events";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { JsonObject } from "../injector/json.ts";
import type { InjectorSettings } from "../injector/settings.ts";
import { emptyWorld, type World } from "../model/world.ts";
import { createApiClient } from "../registry/kubernetes/api-client.ts";
import { openCluster } from "../registry/kubernetes/open-cluster.ts";
import { rootsPem } from "./ca-bundle.ts";
import { systemClock } from "./clock.ts";
import { type KubernetesConfig, serviceName } from "./config.ts";
import { createHealth, type Health, notYet } from "./health.ts";
import { type KubernetesApi, kubernetesApi } from "./kubernetes/api.ts";
import { claimRevision } from "./kubernetes/apply-webhooks.ts";
import { openAuthority, storedAuthority } from "./kubernetes/authority.ts";
import { eventsAbout, type Subject } from "./kubernetes/events.ts";
import { injectionSettings } from "./kubernetes/injection-settings.ts";
import { type Kept, keep, untilItWorks } from "./kubernetes/keep.ts";
import { keepRoots, lastingNamespaces, rootRefusals } from "./kubernetes/keep-roots.ts";
import { keepTested, keepWebhooks, reachability, tagClaims } from "./kubernetes/keep-webhooks.ts";
import { lookAtMesh, untilReadable } from "./kubernetes/mesh-remarks.ts";
import { findOwner } from "./kubernetes/owner.ts";
import { tellReadiness } from "./kubernetes/readiness-events.ts";
import { remarking } from "./kubernetes/remarks.ts";
import { podEventEveryMs, tellSkippedPods } from "./kubernetes/skipped-pods.ts";
import { requestFor, reviewedTokens } from "./kubernetes/token-review.ts";
import { followValues } from "./kubernetes/values-file.ts";
import type { WebhookFacts } from "./kubernetes/webhook-configurations.ts";
import type { Logger } from "./log.ts";
import { startMonitoring } from "./monitoring.ts";
import { createReviewer } from "./reviewer.ts";
import { type Serving, serve, xdsSettings } from "./serve.ts";
import { createServingCertificate, servingNames } from "./serving-certificate.ts";
import { createSnapshots } from "./snapshots.ts";
import { createSyncz } from "./syncz.ts";
import { pause, untilAborted } from "./until.ts";

/** What has to be well before this replica is asked for anything. */
const parts = {
  cluster: "API server",
  world: "world",
  mesh: "mesh configuration",
  installation: "installation",
  authority: "certificate authority",
  servers: "webhook and xDS servers",
  webhooks: "webhook configurations",
  roots: "root certificates",
  tokens: "token reviews",
} as const;

/** Until then the nodes have heard that this replica goes, and a connection that is opened anew leads to another one. */
const noticeMs = 2_000;
/** In this time proxies move there, one after the other. */
const moveMs = 3_000;
const valuesEveryMs = 5_000;
const reviewEveryMs = 600_000;
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

interface StartDeps {
  readonly config: KubernetesConfig;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Registry;
  /** More to know, which does not count for readiness. */
  readonly remarks: Map<string, string>;
}

/** Everything, in the order in which one needs the other; undefined when `signal` is aborted before. */
async function start(deps: StartDeps, signal: AbortSignal): Promise<Serving | undefined> {
  const { config, log, health, metrics } = deps;
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
      review: createReviewer(),
      settings,
      selection: "api-server",
      ready: health.ready,
      metrics,
      log,
    },
    signal,
  );
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
    keep({ name: "values", log, everyMs: valuesEveryMs, task }, signal);
  }
  return serving;
}

type OpenWorld = Awaited<ReturnType<typeof openWorld>>;

/** The world as the API server tells it, complete. */
async function openWorld(deps: StartDeps, revisions: () => readonly string[], signal: AbortSignal) {
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

/** Whose installation this is, and its CA; undefined when `signal` is aborted before. */
async function findGround({ config, log, health, remarks }: StartDeps, world: OpenWorld, signal: AbortSignal) {
  const { namespace, revision } = config;
  const { api, client, snapshots } = world;
  const findInstallation = async () => {
    const owner = await findOwner(api, config.ownerClusterRole);
    await claimRevision(api, { revision, namespace, owner });
    return { owner };
  };
  const watched = (part: string) => ({ log, onOutcome: untilWell(health, part) });
  const installed = await untilItWorks(parts.installation, findInstallation, watched(parts.installation), signal);
  if (installed === undefined) return undefined;
  const { owner } = installed;
  const { trustDomain } = snapshots.current().mesh;
  const { keepCa, rootSpreadSeconds } = config;
  const onOutcome = remarking(remarks, world.events)("stored certificate authority", storedAuthority);
  const claim = { revision, owner, keepCa };
  const authority = {
    client,
    api,
    log,
    namespace,
    trustDomain,
    spreadMs: rootSpreadSeconds * 1_000,
    onOutcome,
    ...claim,
  };
  const open = () => openAuthority(authority, signal);
  const ca = await untilItWorks(parts.authority, open, watched(parts.authority), signal);
  return ca && { owner, ca };
}

type Ground = NonNullable<Awaited<ReturnType<typeof findGround>>>;

/** What the control plane keeps in order in the cluster. */
function keepAll(
  { config, log, health, metrics, remarks }: StartDeps,
  world: OpenWorld & Ground & { readonly settings: () => InjectorSettings },
  signal: AbortSignal,
): { readonly tested: Kept; readonly webhooks: Kept } {
  const { namespace, revision, webhookUrl } = config;
  const { api, client, ca, owner, cluster, onWorld } = world;
  const facts = (): WebhookFacts => ({
    namespace,
    revision,
    tags: world.settings().tags,
    enableNamespacesByDefault: world.settings().enableNamespacesByDefault,
    target:
      webhookUrl === undefined ? { type: "service", name: serviceName(revision) } : { type: "url", url: webhookUrl },
    rootsPem: rootsPem(ca.current()),
    owner,
  });
  const shared = { client, api, log, revision, owner };
  const remark = remarking(remarks, world.events);
  const onTakenTags = remark("revision tags", tagClaims);
  const onOutcomeOfWebhooks = untilWell(health, parts.webhooks);
  const webhooks = keepWebhooks({ ...shared, facts, onTakenTags, onOutcome: onOutcomeOfWebhooks }, signal);
  const onRefusals = remark("root certificates", rootRefusals);
  const roots = keepRoots(
    {
      ...{ ...shared, ca, namespace, clock: systemClock, onRefusals, onOutcome: untilWell(health, parts.roots) },
      namespaces: () => lastingNamespaces(cluster.world().objects),
    },
    signal,
  );
  let namespaces = cluster.world().objects.Namespace;
  onWorld.add(() => {
    const known = namespaces;
    namespaces = cluster.world().objects.Namespace;
    if (namespaces !== known) roots.poke();
  });
  const lookAtPods = tellSkippedPods({
    ...{ api, log, clock: systemClock, settings: world.settings, namespace },
    rest: () => pause(podEventEveryMs, signal),
  });
  lookAtPods(cluster.world());
  onWorld.add(() => lookAtPods(cluster.world()));
  ca.subscribe(webhooks.poke);
  // Without this right all looks well, and no proxy gets anything.
  const review = async (): Promise<void> => void (await reviewToken(api, requestFor("none")));
  const reviewed = { name: parts.tokens, log, everyMs: reviewEveryMs, onOutcome: untilWell(health, parts.tokens) };
  keep({ ...reviewed, task: review }, signal);
  const tell = world.events(reachability);
  const onOutcome = (problem: string | undefined): void => {
    remarks.set("self-test", problem ?? "the API server reaches the webhook");
    tell(problem);
  };
  const tested = keepTested({ api, log, metrics, namespace, revision, onOutcome }, signal);
  // The API server trusts others from now on.
  ca.subscribe(tested.poke);
  return { tested, webhooks };
}

/** Tells of a part until it is well for the first time: what fails later must not take proxies away from us. */
function untilWell(health: Health, part: string): (problem: string | undefined) => void {
  let isWell = false;
  return (problem) => {
    isWell ||= problem === undefined;
    health.set(part, isWell ? undefined : problem);
  };
}

/** @throws when the API server gives no verdict. */
async function reviewToken(api: KubernetesApi, body: JsonObject): Promise<JsonObject> {
  const reviewed = await api.create("/apis/authentication.k8s.io/v1/tokenreviews", body);
  return reviewed === "exists" ? {} : reviewed;
}

const wildcards: readonly string[] = ["0.0.0.0", "::"];

/** All names by which the API server and proxies call this process. */
function certificateHosts(config: KubernetesConfig, clusterDomain: string): readonly string[] {
  const urlHost = config.webhookUrl === undefined ? [] : [new URL(config.webhookUrl).hostname.replace(/^\[|\]$/g, "")];
  const hosts = [config.webhook.host, config.xds.host, xdsSettings(config).host, ...urlHost];
  const names = servingNames(serviceName(config.revision), config.namespace, clusterDomain);
  return [...names, ...hosts].filter((host) => !wildcards.includes(host));
}
