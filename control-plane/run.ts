// Puts the rooms together into one process: files → world → snapshot → proxies, and the webhooks beside them.
import { setMaxListeners } from "node:events";
import type { DestinationStream } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { parse } from "../api/parse.ts";
import { translator } from "../envoy/translate.ts";
import type { NamespaceFacts } from "../injector/decide.ts";
import { type InjectorSettings, injectorSettings } from "../injector/settings.ts";
import { emptyWorld, lookUp, type World } from "../model/world.ts";
import { openDirectory } from "../registry/directory/open-directory.ts";
import type { FileReport } from "../registry/directory/report.ts";
import { startWebhook } from "../webhook/server.ts";
import { newXdsMetrics } from "../xds/metrics.ts";
import { startXdsServer } from "../xds/server.ts";
import { createLocalAuthenticator } from "./authenticator.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { createLog, type Logger } from "./log.ts";
import { createReviewer } from "./reviewer.ts";
import { createServingCertificate, type ServingCertificate } from "./serving-certificate.ts";
import { createSnapshots } from "./snapshots.ts";
import { openCa } from "./state.ts";
import { createWorkloadSecrets } from "./workload-secrets.ts";

const trustDomain = "cluster.local";

/**
 * Run until `signal` is aborted.
 * @throws {PillionError} CONFIG_DIRECTORY, STATE, CA_UNUSABLE, WEBHOOK_LISTEN, XDS_PORT: nothing was left running.
 */
export async function runControlPlane(
  config: Config,
  output: { readonly logTo: DestinationStream },
  signal: AbortSignal,
): Promise<void> {
  const log = createLog(config.logLevel, output.logTo);
  const stopping = new AbortController();
  // Every certificate's renewal listens to it.
  setMaxListeners(0, stopping.signal);
  const stop = (): void => stopping.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    await runUntil(config, log, stopping.signal);
  } finally {
    stop();
  }
}

async function runUntil(config: Config, log: Logger, signal: AbortSignal): Promise<void> {
  const ca = openCa(config.stateDirectory, { trustDomain, now: systemClock.now() });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const review = createReviewer();
  const snapshots = createSnapshots(emptyWorld());
  const registry = await openDirectory(
    {
      directories: config.configDirectories,
      defaultNamespace: "default",
      review,
      log,
      onChange: (world) => snapshots.publish(world),
      onReport: (report) => reportFile(report, log),
    },
    signal,
  );
  const certificate = createServingCertificate(ca, [config.webhook.host, config.xds.host], systemClock, signal);
  const xds = await startXdsServer(
    {
      translator,
      snapshots,
      secrets: createWorkloadSecrets(ca, systemClock, Math.random, signal),
      authenticate: createLocalAuthenticator({ ca, clock: systemClock, snapshots }),
      metrics: newXdsMetrics(metrics),
      log,
      now: () => performance.now(),
      setTimer: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      tls: { ...config.xds, certificate },
      ...(config.xdsPlaintext === undefined ? {} : { plaintext: config.xdsPlaintext }),
    },
    signal,
  );
  try {
    const webhook = await startWebhook({
      tls: pemOf(certificate),
      listen: config.webhook,
      inject: {
        settings: settingsOf(config),
        namespace: (name) => namespaceFacts(registry.world(), name),
        selection: "webhook",
      },
      parse,
      review,
      world: () => registry.world(),
      ready: () => true,
      metrics,
      log,
    });
    const unsubscribe = certificate.subscribe(() => webhook.setCertificate(pemOf(certificate)));
    log.info({ webhook: webhook.port, xds: xds.tlsPort, xdsPlaintext: xds.plaintextPort }, "control plane serves");
    await untilAborted(signal);
    unsubscribe();
    await webhook.close();
  } finally {
    await xds.close();
  }
  log.info({}, "control plane stopped");
}

/** The settings of injection; the same object throughout, so that what is built from it is built once. */
function settingsOf(config: Config): () => InjectorSettings {
  const at = config.discoveryAddress.lastIndexOf(":");
  const host = config.discoveryAddress.slice(0, at);
  const settings = injectorSettings({ xds: { host, port: Number(config.discoveryAddress.slice(at + 1)), sni: host } });
  return () => settings;
}

function namespaceFacts(world: World, name: string): NamespaceFacts {
  const metadata = lookUp(world, "Namespace", "", name)?.metadata;
  return { name, labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {} };
}

function pemOf(certificate: ServingCertificate): { readonly cert: string; readonly key: string } {
  const { certificateChainPem, privateKey } = certificate.current();
  return { cert: certificateChainPem, key: privateKey.reveal() };
}

function reportFile({ file, problems }: FileReport, log: Logger): void {
  if (problems.length === 0) log.info({ file }, "file is well again");
  for (const { line, text, finding } of problems) {
    const fields = { file, line, code: finding?.code, problem: text };
    if (finding === undefined || finding.severity === "error") log.warn(fields, "refused; the last good form stays");
    else log.info(fields, "accepted with a warning");
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
