// The least that a webhook in this language can do: fastify parses the review and answers a constant. Its own process.
import type { Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { fastify } from "fastify";

interface Task {
  readonly cert: string;
  readonly key: string;
  /** The answer as an injector gave it, with "UID" where the request's uid belongs. */
  readonly answer: string;
}

process.on("message", ({ cert, key, answer }: Task) => {
  const [before = "", after = ""] = answer.split('"UID"'); // Base64 may hold the letters, but no quotes
  const app = fastify<Http2SecureServer>({ http2: true, https: { cert, key, allowHTTP1: true } });
  app.post<{ Body: { request: { uid: string } } }>("/inject", (request, reply) =>
    reply.type("application/json").send(`${before}"${request.body.request.uid}"${after}`),
  );
  void app.listen({ host: "127.0.0.1", port: 0 }).then(() => {
    const { port } = app.server.address() as AddressInfo; // a TCP server that listens has no other form of address
    process.send?.(port);
  });
});
