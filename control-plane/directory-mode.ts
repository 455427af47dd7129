// The control plane of a mesh of files: directories → world → snapshot → proxies, and the webhooks beside them.
import { setImmediate } from "node:timers/promises";
import { collectDefaultMetrics, Registry } from "prom-client";
import { memoize } from "../base/memo.ts";
import { settingsFromMesh } from "../injector/mesh-settings.ts";
import { injectorSettings } from "../injector/settings.ts";
import type { MeshSettings } from "../model/snapshot.ts";
import { emptyWorld } from "../model/world.ts";
import { openDirectory } from "../registry/directory/open-directory.ts";
import type { FileReport } from "../registry/directory/report.ts";
import { localTokens } from "./authenticator.ts";
import { fixedCa } from "./ca-bundle.ts";
import { systemClock } from "./clock.ts";
import { type DirectoryConfig, type ListenAddress, serviceName } from "./config.ts";
import { createHealth } from "./health.ts";
import type { Logger } from "./log.ts";
import { type Monitoring, startMonitoring } from "./monitoring.ts";
import { createReviewer, warmUp } from "./reviewer.ts";
import { type Serving, serve, xdsSettings } from "./serve.ts";
import { createServingCertificate, servingNames } from "./serving-certificate.ts";
import { createSnapshots } from "./snapshots.ts";
import { openCa } from "./state.ts";
import { createSyncz } from "./syncz.ts";
import { untilAborted } from "./until.ts";

/**
 * Run until `signal` is aborted.
 * @throws {PillionError} CONFIG_DIRECTORY, STATE, CA_UNUSABLE, WEBHOOK_LISTEN, XDS_PORT, MONITORING_LISTEN: nothing was left running.
 */
export async function runDirectoryMode(config: DirectoryConfig, log: Logger, signal: AbortSignal): Promise<void> {
  const authority = openCa(config.stateDirectory, { trustDomain: "cluster.local", now: systemClock.now() });
  const ca = fixedCa(authority);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const snapshots = createSnapshots(emptyWorld());
  const review = createReviewer(snapshots.current);
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
  const names = servingNames(serviceName("default"), "istio-system", "cluster.local");
  const certificate = createServingCertificate(
    ca,
    () => [...names, config.webhook.host, config.xds.host],
    systemClock,
    signal,
  );
  const xds = xdsSettings(config);
  const settings = memoize(({ config: mesh }: MeshSettings) =>
    injectorSettings({ ...settingsFromMesh(mesh).changes, xds }),
  );
  const serving = await serve(
    {
      config,
      ca,
      certificate,
      checkToken: localTokens(authority, systemClock),
      snapshots,
      world: () => registry.world(),
      review,
      settings: () => settings(snapshots.current().mesh),
      selection: "webhook",
      ready: () => true,
      metrics,
      log,
    },
    signal,
  );
  const monitoring = config.monitoring && (await monitor(config.monitoring, serving, metrics));
  // Files are read already: the kinds that they have not would make the first who asks about one wait.
  const warm = warmUp(setImmediate);
  await untilAborted(signal);
  await warm;
  await monitoring?.close();
  await serving.close();
  log.info({}, "control plane stopped");
}

/** @throws {PillionError} MONITORING_LISTEN; `serving` was closed. */
async function monitor(listen: ListenAddress, serving: Serving, metrics: Registry): Promise<Monitoring> {
  const syncz = createSyncz({ proxies: () => serving.xds.status(), revision: "default", now: () => performance.now() });
  try {
    return await startMonitoring({ listen, health: createHealth([]), remarks: () => "", metrics, syncz });
  } catch (thrown) {
    await serving.close();
    throw thrown;
  }
}

function reportFile({ file, problems }: FileReport, log: Logger): void {
  if (problems.length === 0) log.info({ file }, "file is well again");
  for (const { line, text, finding } of problems) {
    const fields = { file, line, ...finding?.object, code: finding?.code, problem: text };
    if (finding === undefined || finding.severity === "error") log.warn(fields, "refused; the last good form stays");
    else log.info(fields, "accepted with a warning");
  }
}
