// The HTTPS server that the API server asks: its paths, and how it starts, changes its certificate and stops.
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { type FastifyError, type FastifyInstance, fastify } from "fastify";
import { Registry } from "prom-client";
import { errorText, PillionError } from "../base/error.ts";
import type { AdmissionRequest } from "./admission.ts";
import { answerReview } from "./answer.ts";
import { trackConnections } from "./connections.ts";
import { type InjectDeps, injectPod } from "./inject.ts";
import { type WebhookMetrics, webhookMetrics } from "./metrics.ts";
import { bodyLimitBytes, bodyReader } from "./read-body.ts";
import { recentlyAdmitted } from "./recently-admitted.ts";
import type { AdmissionResponse } from "./response.ts";
import { settingsForUrl } from "./settings-for-url.ts";
import { type Certificate, changeCertificate, createTlsServer } from "./tls-server.ts";
import { type ValidateDeps, validateObject } from "./validate.ts";

/** The parts of a pino logger that are used here. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface WebhookOptions extends Omit<ValidateDeps, "recent"> {
  readonly tls: Certificate;
  /** Port 0 lets the system choose. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly inject: InjectDeps;
  /** Whether the world is known well enough to judge by it. */
  readonly ready: () => boolean;
  readonly log: Log;
  /** Where metrics go, and what /metrics shows; one of its own where it is left out. */
  readonly metrics?: Registry;
  /** Milliseconds since any point; the system's clock by default. */
  readonly now?: () => number;
  /** How long a request may take to arrive completely; 10 s by default. */
  readonly arrivalMs?: number;
}

export interface Webhook {
  readonly host: string;
  readonly port: number;
  /** Connections from now on see this certificate. */
  setCertificate(certificate: Certificate): void;
  /** Send clients elsewhere: every connection ends with its next answer or when it is idle. New ones are still answered. */
  drain(): void;
  /** Answer what is under way, then stop. */
  close(): Promise<void>;
}

/** How long a request may take to arrive completely: as long as an API server waits by default. */
const defaultArrivalMs = 10_000;

/**
 * Start to answer.
 * @throws {PillionError} WEBHOOK_TLS: certificate and key do not fit. WEBHOOK_LISTEN: the address cannot be had.
 */
export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const registry = options.metrics ?? new Registry();
  const { app, connections } = createApp(options, registry, webhookMetrics(registry));
  const { host, port } = options.listen;
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw new PillionError("WEBHOOK_LISTEN", {
      problem: `The webhook cannot listen on ${host}:${port}`,
      fix: "Stop the program that holds this port, or choose another with --webhook HOST:PORT",
      cause,
    });
  }
  const at = app.server.address() as AddressInfo; // a TCP server that listens has no other form of address
  options.log.info({ host, port: at.port }, "webhook listens");
  return {
    host,
    port: at.port,
    setCertificate: (certificate) => changeCertificate(app.server, certificate),
    drain: connections.drain,
    close: () => app.close(),
  };
}

function createApp(options: WebhookOptions, registry: Registry, metrics: WebhookMetrics) {
  const app = fastify<Http2SecureServer>({
    http2: true,
    https: {},
    // A refusal is a failed admission; whoever got in before the door was shut is answered.
    return503OnClosing: false,
    serverFactory: (handler) => createTlsServer(options.tls, handler),
  });
  app.removeAllContentTypeParsers();
  const bodies = bodyReader(options.arrivalMs ?? defaultArrivalMs);
  app.addHook("onClose", async () => bodies.close());
  app.addContentTypeParser("*", (_request: unknown, payload: Readable) => bodies.read(payload));
  app.setErrorHandler((thrown: FastifyError, request, reply) => {
    const status = thrown.statusCode ?? 500;
    metrics.refused(status);
    if (status >= 500) options.log.error({ url: request.url, error: errorText(thrown) }, "request failed");
    return reply.code(status).type("text/plain").send(sentenceFor(status, thrown));
  });
  const connections = trackConnections(app.server);
  app.addHook("preClose", (done) => {
    connections.end();
    done();
  });
  addAdmission(app, options, metrics);
  app.get("/healthz", (_request, reply) => reply.type("text/plain").send("ok"));
  app.get("/readyz", (_request, reply) => {
    const ready = options.ready();
    return reply
      .code(ready ? 200 : 503)
      .type("text/plain")
      .send(ready ? "ok" : "not ready yet");
  });
  app.get("/metrics", async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return { app, connections };
}

type App = FastifyInstance<Http2SecureServer, Http2ServerRequest, Http2ServerResponse>;
type Judge = (request: AdmissionRequest, url: string) => AdmissionResponse;

function addAdmission(app: App, options: WebhookOptions, metrics: WebhookMetrics): void {
  const now = options.now ?? (() => performance.now());
  const validateDeps: ValidateDeps = { ...options, recent: recentlyAdmitted(now) };
  const settingsOf = settingsForUrl();
  const inject: Judge = (request, url) =>
    injectPod(request, options.inject, settingsOf(options.inject.settings(), url));
  const validate: Judge = (request) => validateObject(request, validateDeps);
  const add = (path: string, webhook: "inject" | "validate", judge: Judge): void => {
    app.post(path, (request, reply) => {
      const begin = performance.now();
      const failed = (thrown: unknown): void =>
        options.log.error({ webhook, error: errorText(thrown) }, "admission failed");
      const { status, text, response } = answerReview(request.body, (one) => judge(one, request.url), failed);
      if (response === undefined) metrics.refused(status);
      else metrics.answered(webhook, response, (performance.now() - begin) / 1000);
      return reply
        .code(status)
        .type(status === 200 ? "application/json" : "text/plain")
        .send(text);
    });
  };
  add("/inject", "inject", inject);
  add("/inject/*", "inject", inject);
  add("/validate", "validate", validate);
}

function sentenceFor(status: number, thrown: FastifyError): string {
  if (status === 413) return `The body is larger than ${bodyLimitBytes / 1024 / 1024} MiB, the most that is read here.`;
  return status >= 500 ? "Pillion failed to answer this request." : `${thrown.message}.`;
}
