// The socket under the webhooks: HTTP/2 and HTTP/1.1 over TLS, with limits so that no client can hold what others need.
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { errorText, PillionError } from "../base/error.ts";

export interface Certificate {
  /** PEM, the whole chain. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** How long connections without requests stay open: an API server closes them after 90 s, and is to be first, because a
 * request that meets a closing connection is a failed admission. */
const idleMs = 180_000;
/** Connections at once; an API server needs a handful. */
const connectionLimit = 1000;
/** Requests at once on one HTTP/2 connection. */
const streamLimit = 250;

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/**
 * A server that hands every request to `handler`; it does not listen yet.
 * @throws {PillionError} WEBHOOK_TLS: certificate and key do not fit.
 */
export function createTlsServer({ cert, key }: Certificate, handler: Handler): Http2SecureServer {
  let server: Http2SecureServer;
  try {
    server = createSecureServer(
      { cert, key, allowHTTP1: true, minVersion: "TLSv1.2", settings: { maxConcurrentStreams: streamLimit } },
      handler,
    );
  } catch (cause) {
    throw certificateError(cause);
  }
  server.maxConnections = connectionLimit;
  server.setTimeout(idleMs);
  server.on("session", (session) => session.setTimeout(idleMs, () => session.close()));
  return server;
}

/** @throws {PillionError} WEBHOOK_TLS: certificate and key do not fit; connections go on with the old ones. */
export function changeCertificate(server: Http2SecureServer, { cert, key }: Certificate): void {
  try {
    server.setSecureContext({ cert, key });
  } catch (cause) {
    throw certificateError(cause);
  }
}

function certificateError(cause: unknown): PillionError {
  return new PillionError("WEBHOOK_TLS", {
    problem: `The webhook's certificate and key cannot be used: ${errorText(cause)}`,
    fix: "Give both as PEM, the certificate made for this very key",
    cause,
  });
}
