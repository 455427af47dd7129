// The two servers of every mode, put together from what they read: gRPC for proxies, HTTPS for the API server.
import type { Registry } from "prom-client";
import { parse } from "../api/parse.ts";
import { translator } from "../envoy/translate.ts";
import type { NamespaceFacts } from "../injector/decide.ts";
import type { InjectorSettings } from "../injector/settings.ts";
import { lookUp, type World } from "../model/world.ts";
import { startWebhook, type Webhook } from "../webhook/server.ts";
import { newXdsMetrics } from "../xds/metrics.ts";
import { startXdsServer, type XdsServer } from "../xds/server.ts";
import { type CheckToken, createAuthenticator } from "./authenticator.ts";
import type { CaSource } from "./ca-bundle.ts";
import { systemClock } from "./clock.ts";
import type { CommonConfig } from "./config.ts";
import type { Logger } from "./log.ts";
import type { createReviewer } from "./reviewer.ts";
import type { ServingCertificate } from "./serving-certificate.ts";
import type { Snapshots } from "./snapshots.ts";
import { createWorkloadSecrets } from "./workload-secrets.ts";

/** What the servers read. */
export interface ServeDeps {
  readonly config: CommonConfig;
  readonly ca: CaSource;
  readonly certificate: ServingCertificate;
  readonly checkToken: CheckToken;
  readonly snapshots: Snapshots;
  readonly world: () => World;
  readonly review: ReturnType<typeof createReviewer>;
  readonly settings: () => InjectorSettings;
  /** Who looks at the labels of namespace and pod. */
  readonly selection: "api-server" | "webhook";
  readonly ready: () => boolean;
  readonly metrics: Registry;
  readonly log: Logger;
}

export interface Serving {
  readonly xds: XdsServer;
  readonly webhook: Webhook;
  close(): Promise<void>;
}

/**
 * Listen. Proxies are cut off when `signal` is aborted; `close()` does it in order.
 * @throws {PillionError} WEBHOOK_LISTEN, XDS_PORT: nothing was left running.
 */
export async function serve(deps: ServeDeps, signal: AbortSignal): Promise<Serving> {
  const { config, certificate, log, metrics, snapshots } = deps;
  const xds = await startXdsServer(
    {
      translator,
      snapshots,
      secrets: createWorkloadSecrets(deps.ca, systemClock, Math.random, signal),
      authenticate: createAuthenticator({
        checkToken: deps.checkToken,
        snapshots,
        podUid: (namespace, pod) => lookUp(deps.world(), "Pod", namespace, pod)?.metadata.uid,
      }),
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
    const webhook = await openWebhook(deps);
    log.info({ webhook: webhook.port, xds: xds.tlsPort, xdsPlaintext: xds.plaintextPort }, "control plane serves");
    const close = async (): Promise<void> => {
      await webhook.close();
      await xds.close();
    };
    return { xds, webhook, close };
  } catch (thrown) {
    await xds.close();
    throw thrown;
  }
}

async function openWebhook(deps: ServeDeps): Promise<Webhook> {
  const { config, certificate, world, log, metrics } = deps;
  const webhook = await startWebhook({
    tls: pemOf(certificate),
    listen: config.webhook,
    inject: {
      settings: deps.settings,
      namespace: (name) => namespaceFacts(world(), name),
      selection: deps.selection,
    },
    parse,
    review: deps.review,
    world,
    ready: deps.ready,
    metrics,
    log,
  });
  const unsubscribe = certificate.subscribe(() => webhook.setCertificate(pemOf(certificate)));
  const close = async (): Promise<void> => {
    unsubscribe();
    await webhook.close();
  };
  return { ...webhook, close };
}

/** What the flags say about the control plane's address, as settings of injection. */
export function xdsSettings({ discoveryAddress }: CommonConfig): InjectorSettings["xds"] {
  const colon = discoveryAddress.lastIndexOf(":");
  const host = discoveryAddress.slice(0, colon);
  return { host, port: Number(discoveryAddress.slice(colon + 1)), sni: host };
}

function namespaceFacts(world: World, name: string): NamespaceFacts {
  const metadata = lookUp(world, "Namespace", "", name)?.metadata;
  return { name, labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {} };
}

function pemOf(certificate: ServingCertificate): { readonly cert: string; readonly key: string } {
  const { certificateChainPem, privateKey } = certificate.current();
  return { cert: certificateChainPem, key: privateKey.reveal() };
}
