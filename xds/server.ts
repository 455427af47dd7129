// The gRPC server that proxies connect to: delta ADS over TLS, and over plain text on the loopback interface where wanted.
// @see https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol
import { logVerbosity, Server, ServerCredentials, setLogVerbosity, status } from "@grpc/grpc-js";
import { PillionError } from "../base/error.ts";
import { type DeltaRequest, parseDeltaRequest } from "./delta-request.ts";
import { LearnedHosts } from "./learned.ts";
import { type ServingCertificate, servingCredentials } from "./serving-credentials.ts";
import { type Call, Session } from "./session.ts";
import type { SessionDeps } from "./session-deps.ts";
import type { ProxyStatus } from "./status.ts";
import { guardAgainstStrangers } from "./strangers.ts";

/** Where to listen; port 0 lets the kernel choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface XdsServerOptions extends Omit<SessionDeps, "learned"> {
  readonly tls?: ListenAddress & { readonly certificate: ServingCertificate };
  /** Anybody who reaches it may claim to be anything: for the loopback interface only. */
  readonly plaintext?: ListenAddress;
}

export interface XdsServer {
  readonly tlsPort: number | undefined;
  readonly plaintextPort: number | undefined;
  /** Every proxy that is connected. */
  status(): readonly ProxyStatus[];
  /** Ask all proxies to connect elsewhere, one after the other in this time, so that other replicas are not overrun. */
  drain(overMs: number): Promise<void>;
  /** Ends all streams and closes the ports. */
  close(): Promise<void>;
}

/** A first request names all that a proxy holds: 10,000 names and versions fit. */
const maximumRequestBytes = 8 * 1024 * 1024;
/** Streams of one process; more proxies need more replicas. */
const maximumStreams = 5_000;
/** A proxy has one stream; a few more may be on their way out. */
const maximumStreamsPerConnection = 10;
/** Connections that stay open for longer although they were told to go are cut. */
const drainLimitMs = 10_000;
/** A proxy that vanished without a word is noticed after these two. */
const keepalive = { "grpc.keepalive_time_ms": 30_000, "grpc.keepalive_timeout_ms": 10_000 };

const service = {
  DeltaAggregatedResources: {
    path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
    requestStream: true,
    responseStream: true,
    requestDeserialize: parseDeltaRequest,
    responseSerialize: (bytes: Buffer) => bytes,
    // A server needs neither of these; the types ask for them.
    requestSerialize: (_request: DeltaRequest) => Buffer.alloc(0),
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

/**
 * Listen for proxies until `signal` or `close()`.
 * @throws PillionError XDS_PORT when a port cannot be had.
 */
export async function startXdsServer(options: XdsServerOptions, signal: AbortSignal): Promise<XdsServer> {
  // It would write on standard error what our own errors and log lines say better.
  setLogVerbosity(logVerbosity.NONE);
  const sessions = new Map<Session, Promise<void>>();
  const deps: SessionDeps = { ...options, learned: new LearnedHosts() };
  const accept = (call: Call, encrypted: boolean): void => {
    if (sessions.size >= maximumStreams) {
      options.log.error({ streams: sessions.size }, "too many streams");
      call.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "This control plane serves no more proxies" });
      return;
    }
    const session = new Session(call, { token: bearerToken(call), encrypted }, deps);
    sessions.set(
      session,
      session.run().finally(() => sessions.delete(session)),
    );
  };
  const servers: Server[] = [];
  const ports: (() => void)[] = [];
  const open = async (address: ListenAddress, credentials: ServerCredentials, encrypted: boolean): Promise<number> => {
    const server = new Server({
      ...keepalive,
      "grpc.max_receive_message_length": maximumRequestBytes,
      "grpc.max_concurrent_streams": maximumStreamsPerConnection,
      interceptors: [guardAgainstStrangers()],
    });
    servers.push(server);
    server.addService(service, { DeltaAggregatedResources: (call: Call) => accept(call, encrypted) });
    const port = await bind(server, address, credentials);
    // A proxy whose stream ends opens the next one on the same connection, unless it is told that this one goes away.
    ports.push(() => server.drain(authority({ ...address, port }), drainLimitMs));
    return port;
  };
  const drain = async (overMs: number): Promise<void> => {
    for (const goAway of ports) goAway();
    const leaving = [...sessions.keys()];
    const stepMs = overMs / Math.max(leaving.length, 1);
    await Promise.all(
      leaving.map(async (session, index) => {
        await new Promise<void>((resolve) => void options.setTimer(index * stepMs, resolve));
        session.end();
      }),
    );
  };
  const close = async (): Promise<void> => {
    const running = [...sessions];
    for (const [session] of running) session.end();
    await Promise.all(running.map(([, done]) => done));
    for (const server of servers) server.forceShutdown();
  };
  const { tls, plaintext } = options;
  try {
    const tlsPort = tls && (await open(tls, servingCredentials(tls.certificate), true));
    const plaintextPort = plaintext && (await open(plaintext, ServerCredentials.createInsecure(), false));
    signal.addEventListener("abort", () => void close(), { once: true });
    const known = (proxy: ProxyStatus | undefined) => proxy !== undefined;
    const list = (): readonly ProxyStatus[] => [...sessions.keys()].map((s) => s.status()).filter(known);
    return { tlsPort, plaintextPort, status: list, drain, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const authority = ({ host, port }: ListenAddress): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

function bind(server: Server, listen: ListenAddress, credentials: ServerCredentials): Promise<number> {
  const address = authority(listen);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (cause, bound) => {
      if (cause === null) {
        resolve(bound);
        return;
      }
      reject(
        new PillionError("XDS_PORT", {
          problem: `The port for proxies, ${address}, cannot be opened`,
          reason: "No proxy could get its configuration",
          fix: "End the program that has it, or choose another with --xds or --xds-plaintext",
          cause,
        }),
      );
    });
  });
}

function bearerToken(call: Call): string | undefined {
  const [header] = call.metadata.get("authorization");
  return typeof header === "string" && header.startsWith("Bearer ") ? header.slice("Bearer ".length) : undefined;
}
