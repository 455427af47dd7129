// Ending what clients keep open: an API server holds its connection for ever, and a server that waits for it never stops.
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** How long requests under way may still take when the server stops. */
const graceMs = 3000;

/** Gives what ends all connections of this server: idle ones at once, busy ones when they have been answered. */
export function trackConnections(server: Http2SecureServer): () => void {
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<TLSSocket>();
  /** HTTP/1.1 connections with a request under way. */
  const busy = new Set<Socket>();
  let stopping = false;

  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (request: Http2ServerRequest, response: Http2ServerResponse) => {
    if (request.httpVersionMajor !== 1) return;
    const { socket } = request;
    busy.add(socket);
    response.once("close", () => {
      busy.delete(socket);
      if (stopping) socket.end();
    });
  });

  return () => {
    stopping = true;
    for (const session of sessions) session.close(); // Lets its streams end.
    for (const socket of sockets) if (socket.alpnProtocol !== "h2" && !busy.has(socket)) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    timer.unref();
  };
}
