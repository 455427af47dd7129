// A proxy in front of a real API server that misbehaves on purpose, in every way that networks and servers know.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request, type Server } from "node:https";
import type { ApiServer } from "./api-server.ts";

/** What the proxy does to requests, and to watches that are open. */
export type Trouble =
  | "none"
  /** Cuts every connection before an answer. */
  | "cut"
  /** 410 to every watch, also inside those that are open. */
  | "expired"
  /** 429 with Retry-After to everything. */
  | "busy"
  /** 500 to everything. */
  | "error"
  /** Lines that are not JSON, instead of events. */
  | "garbage"
  /** The first half of the next event, then a cut. */
  | "half-line"
  /** Nothing comes any more, and nothing ends. */
  | "silence";

/** All of them. */
export const troubles = ["cut", "expired", "busy", "error", "garbage", "half-line", "silence"] as const;

/** A proxy that can be told to misbehave. */
export class TroubleProxy {
  readonly #target: ApiServer;
  readonly #ca: string;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  /** Nothing goes over these any more. Bytes are never left out in the middle: no network does that. */
  readonly #silenced = new WeakSet<ServerResponse>();
  #trouble: Trouble = "none";
  #met = 0;
  #onMet: () => void = () => {};

  private constructor(target: ApiServer) {
    this.#target = target;
    this.#ca = readFileSync(target.caFile, "utf8");
    const { certificateChainPem, privateKey } = target.issue();
    const tls = { cert: certificateChainPem, key: privateKey.reveal() };
    this.#server = createServer(tls, (incoming, response) => this.#onRequest(incoming, response));
  }

  static async start(target: ApiServer): Promise<TroubleProxy> {
    const proxy = new TroubleProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `https://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  /** Misbehave like this from now on. */
  begin(trouble: Trouble): void {
    this.#trouble = trouble;
    this.#met = 0;
    for (const stream of this.#streams) {
      if (trouble === "cut" || trouble === "busy" || trouble === "error") this.#meet(() => stream.destroy());
      if (trouble === "garbage") this.#meet(() => this.#silenced.add(stream) && stream.write("}{ garbage\n"));
      if (trouble === "silence") this.#meet(() => this.#silenced.add(stream));
      if (trouble === "expired") this.#meet(() => stream.end(expiredLine));
    }
  }

  /** Behave. What hangs is let go only by whoever waits for it. */
  end(): void {
    this.#trouble = "none";
  }

  /** Whether a request or stream has met the present trouble. */
  get isMet(): boolean {
    return this.#met > 0;
  }

  /** Resolves when so many requests or streams have met the present trouble. */
  async untilMet(count: number): Promise<void> {
    while (this.#met < count) await new Promise<void>((resolve) => (this.#onMet = resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #meet(act: () => unknown): void {
    act();
    this.#met++;
    this.#onMet();
  }

  #onRequest(incoming: IncomingMessage, response: ServerResponse): void {
    const isWatch = incoming.url?.includes("watch=true") === true;
    const act = this.#misbehaviour(incoming, response, isWatch);
    if (act === undefined) this.#forward(incoming, response, isWatch);
    else this.#meet(act);
  }

  #misbehaviour(incoming: IncomingMessage, response: ServerResponse, isWatch: boolean): (() => unknown) | undefined {
    switch (this.#trouble) {
      case "cut":
        return () => incoming.socket.destroy();
      case "busy":
        return () => response.writeHead(429, { "retry-after": "1" }).end("slow down");
      case "error":
        return () => response.writeHead(500).end("<html>oh no</html>");
      case "silence":
        return isWatch ? () => response.writeHead(200).flushHeaders() : () => {};
      case "expired":
        return isWatch ? () => response.writeHead(410).end(expiredStatus) : undefined;
      case "garbage":
        return isWatch ? () => response.writeHead(200).end("<html>\n") : undefined;
      case "half-line":
      case "none":
        return undefined;
    }
  }

  #forward(incoming: IncomingMessage, response: ServerResponse, isWatch: boolean): void {
    const headers = { ...incoming.headers };
    delete headers.host;
    const { method, url = "/" } = incoming;
    const asked = request(this.#target.url + url, { method, headers, ca: this.#ca, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      if (isWatch) this.#streams.add(response);
      answer.on("data", (data: Buffer) => this.#pass(data, response, isWatch));
      answer.on("end", () => response.end());
      answer.on("error", () => response.destroy());
    });
    // The API server is away or cuts: so do we.
    asked.on("error", () => response.destroy());
    response.on("close", () => {
      this.#streams.delete(response);
      asked.destroy();
    });
    incoming.pipe(asked);
  }

  #pass(data: Buffer, response: ServerResponse, isWatch: boolean): void {
    if (this.#silenced.has(response)) return;
    if (isWatch && this.#trouble === "half-line") {
      const half = data.subarray(0, Math.floor(data.length / 2));
      this.#silenced.add(response);
      this.#meet(() => response.write(half, () => response.socket?.destroySoon()));
    } else response.write(data);
  }
}

const expiredStatus = JSON.stringify({
  kind: "Status",
  code: 410,
  reason: "Expired",
  message: "too old resource version",
});
const expiredLine = `{"type":"ERROR","object":${expiredStatus}}\n`;
