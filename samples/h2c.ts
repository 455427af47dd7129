/**
 * HTTP/2 without TLS beside HTTP/1 on one port: the first bytes of a connection tell which it is.
 * Services whose port is named `http2` or `grpc` are spoken to like that.
 * @see RFC 9113, section 3.3
 */
import type { Server } from "node:http";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Makes `server` take HTTP/2 connections too. Returns what ends those that are open, requests in flight first. */
export function acceptHttp2(server: Server): () => void {
  const sessions = new Set<ServerHttp2Session>();
  const acceptHttp1 = server.listeners("connection");
  let http2: Promise<Http2Server> | undefined;
  const hand = async (socket: Socket, bytes: Buffer): Promise<void> => {
    const isHttp2 = bytes.length > 0 && bytes.subarray(0, preface.length).equals(preface.subarray(0, bytes.length));
    if (isHttp2) http2 ??= createHttp2(server, sessions);
    const taker = isHttp2 ? await http2 : undefined;
    socket.unshift(bytes);
    if (taker !== undefined) taker.emit("connection", socket);
    else for (const accept of acceptHttp1) Reflect.apply(accept, server, [socket]);
  };
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const drop = (): void => void socket.destroy();
    socket.on("error", drop);
    socket.once("readable", () => {
      const bytes: unknown = socket.read();
      if (Buffer.isBuffer(bytes)) hand(socket, bytes).catch(drop);
      else socket.end();
    });
  });
  return () => {
    for (const session of sessions) session.close();
  };
}

/** Loaded when the first such connection comes: most samples never see one and start faster without. */
async function createHttp2(server: Server, sessions: Set<ServerHttp2Session>): Promise<Http2Server> {
  const { createServer } = await import("node:http2");
  const http2 = createServer();
  http2.on("request", (request, response) => server.emit("request", request, response));
  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return http2;
}
