// An HTTPS server that answers what a test wrote down, in that order, and remembers what it was asked.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCa, issue } from "../../../certs/ca.ts";

/** One answer. */
export interface Answer {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON on one line; one after the other. */
  readonly body?: readonly unknown[];
  /** How it ends: "cut" closes the connection in the middle, "open" leaves it; "end" by default. */
  readonly ends?: "end" | "cut" | "open";
}

/** A server with a script. */
export class ScriptedServer {
  /** "GET /api/v1/pods?limit=500", in the order in which they came. */
  readonly asked: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  readonly bodies: string[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), "pillion-script-"));
  readonly caFile = join(this.directory, "ca.crt");
  connections = 0;
  readonly #server: Server;
  #script: Answer[] = [];
  #onAsked: () => void = () => {};

  private constructor(tls: { readonly cert: string; readonly key: string; readonly ca: string }) {
    writeFileSync(this.caFile, tls.ca);
    this.#server = createServer({ cert: tls.cert, key: tls.key }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.on("secureConnection", () => {
      this.connections++;
    });
  }

  static async start(): Promise<ScriptedServer> {
    const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
    const now = Date.now();
    const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
    const issued = issue(ca, { now, newKeyPair, ipAddresses: ["127.0.0.1"] });
    const server = new ScriptedServer({
      cert: issued.certificateChainPem,
      key: issued.privateKey.reveal(),
      ca: ca.certificatePem,
    });
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Answers to the next questions; whoever asks for more waits for ever. */
  script(...answers: readonly Answer[]): void {
    this.#script.push(...answers);
  }

  /** Resolves when it was asked so often. */
  async untilAsked(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((resolve) => (this.#onAsked = resolve));
  }

  /** A kubeconfig file that leads here. */
  kubeconfig(user: object = { token: "secret-token" }): string {
    const file = join(this.directory, "kubeconfig");
    const config = {
      clusters: [
        { name: "c", cluster: { server: `https://127.0.0.1:${this.port}`, "certificate-authority": "ca.crt" } },
      ],
      users: [{ name: "u", user }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "Config", ...config }));
    return file;
  }

  /** End idle connections, as servers do after a while. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  /** Stop listening; files stay. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async stop(): Promise<void> {
    await this.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.authorizations.push(request.headers.authorization);
    let body = "";
    request.on("data", (data: Buffer) => {
      body += data.toString();
    });
    request.on("end", () => {
      this.bodies.push(body);
      this.asked.push(`${request.method} ${request.url}`);
      const answer = this.#script.shift();
      if (answer !== undefined) send(answer, response);
      this.#onAsked();
    });
  }
}

function send({ status = 200, headers = {}, body = [], ends = "end" }: Answer, response: ServerResponse): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.flushHeaders();
  for (const part of body) response.write(typeof part === "string" ? part : `${JSON.stringify(part)}\n`);
  if (ends === "end") response.end();
  // What was written has to arrive before the connection is gone.
  if (ends === "cut") response.write("", () => response.socket?.destroySoon());
}
