// Letting go of what clients keep open: an API server holds its connections for as long as they live. A server that waits for
// that never stops, and one that goes would be asked to its last moment, whatever its Service leads to by then.
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** The two steps in which connections end. */
export interface Connections {
  /** Every answer from now on is the last on its connection, and idle connections end. New ones are still taken. */
  drain(): void;
  /** Idle connections end at once, busy ones when they have been answered, but not later than some seconds. */
  end(): void;
}

/** How long requests under way may still take when the server stops. */
const graceMs = 3_000;
/**
 * A connection that was idle for so long is closed while we drain. One that is used more often is closed by its next answer
 * instead: a request that meets a closing connection is lost, because nobody repeats a POST.
 */
const quietMs = 500;
const sweepMs = 100;
/** A client that was told GOAWAY may have sent a request before it heard of it; while the socket is open it learns why. */
const goAwayMs = 1_000;

interface Plain {
  /** Answers that HTTP/1.1 owes on this connection. */
  readonly pending: Set<Http2ServerResponse>;
  usedMs: number;
}

/** Knows all connections of this server. `now` never goes back. */
export function trackConnections(server: Http2SecureServer, now: () => number = () => performance.now()): Connections {
  const sessions = new Set<ServerHttp2Session>();
  /** HTTP/1.1 only. */
  const plain = new Map<Socket, Plain>();
  const sockets = new Set<TLSSocket>();
  let isLeaving = false;

  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.once("stream", () => isLeaving && session.goaway());
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    if (socket.alpnProtocol !== "h2") plain.set(socket, { pending: new Set(), usedMs: now() });
    socket.once("close", () => {
      sockets.delete(socket);
      plain.delete(socket);
    });
  });
  // Before anybody has answered.
  server.prependListener("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    const connection = request.httpVersionMajor === 1 ? plain.get(request.socket) : undefined;
    if (connection === undefined) return;
    connection.pending.add(response);
    if (isLeaving) makeLast(response);
    response.once("close", () => {
      connection.pending.delete(response);
      connection.usedMs = now();
    });
  });

  const endQuiet = (longerThanMs: number): void => {
    for (const [socket, { pending, usedMs }] of plain) {
      if (pending.size === 0 && now() - usedMs >= longerThanMs) socket.end();
    }
  };
  const leave = (): void => {
    if (isLeaving) return;
    isLeaving = true;
    for (const session of sessions) session.goaway();
    for (const { pending } of plain.values()) for (const response of pending) makeLast(response);
  };
  return {
    drain: () => {
      leave();
      const sweep = setInterval(() => endQuiet(quietMs), sweepMs).unref();
      server.once("close", () => clearInterval(sweep));
      setTimeout(() => {
        for (const session of sessions) session.close();
      }, goAwayMs).unref();
    },
    end: () => {
      leave();
      for (const session of sessions) session.close(); // Lets its streams end.
      endQuiet(0);
      setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs).unref();
    },
  };
}

function makeLast(response: Http2ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}
