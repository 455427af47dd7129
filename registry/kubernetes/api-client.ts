// The one way to the API server: HTTP/1.1 over kept-alive connections, JSON in and out, everything with a limit.
// A connection of its own for each watch means that one that hangs hinders no other.
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { createSecureContext } from "node:tls";
import { errorText, PillionError } from "../../base/error.ts";
import { type Access, type Credentials, inClusterAccess, kubeconfigAccess } from "./access.ts";

/** Where the API server is; exactly one of the two. */
export interface ApiClientOptions {
  /** Path of a kubeconfig file. */
  readonly kubeconfig?: string;
  /** Of that file; its current context unless given. */
  readonly context?: string;
  /** Whether this runs in a pod. */
  readonly inCluster?: boolean;
}

/** One question. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** "/api/v1/pods", without a query. */
  readonly path: string;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** "application/json" by default; "application/apply-patch+yaml" for server-side apply. */
  readonly contentType?: string;
  /** Time for the whole answer, for a stream until it begins; 30 s by default. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** An answer of any status. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where it is JSON, else its text. */
  readonly body: unknown;
}

/** An answer whose body is read as it comes; one of another status than 200 is read whole. */
export type ApiStream =
  | {
      readonly type: "open";
      readonly body: AsyncIterable<Buffer> /** Ends the connection. */;
      readonly close: () => void;
    }
  | { readonly type: "answered"; readonly response: ApiResponse };

/** A client of one API server. */
export interface ApiClient {
  /** Where it is, for messages. */
  readonly server: string;
  /** The namespace that the kubeconfig's context names. */
  readonly namespace?: string;
  /**
   * Ask, and read the answer whole. An answer of any status is an answer.
   * @throws {PillionError} API_SERVER when there is none, API_CREDENTIALS or KUBECONFIG when we cannot say who we are;
   * the signal's reason after an abort.
   */
  request(request: ApiRequest): Promise<ApiResponse>;
  /** As {@link ApiClient.request}, for answers that go on: the caller closes it, or reads it to its end. */
  stream(request: ApiRequest): Promise<ApiStream>;
  /** End all connections. */
  close(): void;
}

/** A client with the access that the options name. Nothing is sent yet. @throws {PillionError} KUBECONFIG, API_CREDENTIALS */
export async function createApiClient(options: ApiClientOptions): Promise<ApiClient> {
  const { kubeconfig, context, inCluster } = options;
  // The variables are the interface of the kubelet, not settings of ours.
  if (inCluster === true) return new HttpsClient(inClusterAccess(process.env));
  if (kubeconfig !== undefined) return new HttpsClient(await kubeconfigAccess(kubeconfig, context));
  throw new PillionError("API_CREDENTIALS", {
    problem: "nothing says where the API server is",
    fix: "Name a kubeconfig file with --kubeconfig, or give --in-cluster in a pod",
  });
}

const defaultTimeoutMs = 30_000;
/** A page of 500 large pods has some 20 MB. */
const bodyLimitBytes = 256 * 1024 * 1024;
/** The API server closes idle connections after 90 s; we are first, so that no question meets a closing door. */
const idleMs = 60_000;
/** Idle connections that are kept: each kind's list leaves one, and its watch goes on over it. */
const idleConnections = 32;
/** Silent connections are probed after this time, then every second; ten probes without an answer end one. */
const probeAfterMs = 5_000;

class HttpsClient implements ApiClient {
  readonly server: string;
  readonly namespace?: string;
  readonly #access: Access;
  #agent: { readonly tls: string; readonly agent: Agent } | undefined;

  constructor(access: Access) {
    this.#access = access;
    this.server = access.server;
    if (access.namespace !== undefined) this.namespace = access.namespace;
    if (!this.server.startsWith("https://")) throw notHttps(this.server);
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const deadline = new Deadline(request);
    try {
      return await readAnswer(await this.#send(request, deadline.signal));
    } catch (thrown) {
      throw deadline.explain(thrown, this.server);
    } finally {
      deadline.done();
    }
  }

  async stream(request: ApiRequest): Promise<ApiStream> {
    const deadline = new Deadline(request);
    try {
      const response = await this.#send(request, deadline.signal);
      response.once("close", () => deadline.done());
      if (response.statusCode !== 200) return { type: "answered", response: await readAnswer(response) };
      // An error after the last read would otherwise have nobody to tell.
      response.on("error", () => {});
      deadline.met();
      return { type: "open", body: response, close: () => void response.destroy() };
    } catch (thrown) {
      deadline.done();
      throw deadline.explain(thrown, this.server);
    }
  }

  close(): void {
    this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #send(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const credentials = await this.#access.credentials();
    signal.throwIfAborted();
    try {
      return await this.#sendOver(this.#agentFor(credentials), request, credentials, signal);
    } catch (thrown) {
      // The server closed an idle connection at the moment when we used it. What may be done twice is asked again.
      if (!(thrown instanceof StaleConnection)) throw thrown;
      if (request.method === "POST" || signal.aborted) throw thrown.cause;
      return this.#sendOver(false, request, credentials, signal);
    }
  }

  /** Without an agent the connection is used once. */
  #sendOver(
    agent: Agent | false,
    request: ApiRequest,
    credentials: Credentials,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { method, path, body, contentType = "application/json" } = request;
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const sent = httpsRequest(`${this.server}${path}${queryText(request.query)}`, {
      method,
      agent,
      ...(agent === false ? credentials.tls : {}),
      signal,
      headers: {
        accept: "application/json",
        "user-agent": "pillion",
        ...credentials.headers,
        ...(content === undefined ? {} : { "content-type": contentType, "content-length": content.length }),
      },
    });
    return new Promise((resolve, reject) => {
      sent.once("response", resolve);
      sent.on("error", (cause) => reject(sent.reusedSocket ? new StaleConnection("closed", { cause }) : cause));
      sent.end(content);
    });
  }

  /** Connections are shared as long as certificates stay the same. */
  #agentFor({ tls }: Credentials): Agent {
    const text = Object.values(tls).map(String).join();
    if (this.#agent?.tls !== text) {
      // Watches on the old connections go on; idle ones end by themselves.
      const limits = {
        keepAlive: true,
        keepAliveMsecs: probeAfterMs,
        maxFreeSockets: idleConnections,
        timeout: idleMs,
      };
      // Made once: every connection would read the certificates anew.
      this.#agent = { tls: text, agent: new Agent({ ...tls, secureContext: createSecureContext(tls), ...limits }) };
    }
    return this.#agent.agent;
  }
}

class StaleConnection extends Error {}

/** Joins the caller's signal with a time limit, and tells afterwards which of them ended a request. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #request: ApiRequest;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#controller.abort(this.#request.signal.reason);
  #isOver = false;

  constructor(request: ApiRequest) {
    this.#request = request;
    this.#timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#controller.abort();
    }, this.#timeoutMs);
    if (request.signal.aborted) this.#onAbort();
    request.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** There is an answer in time; the caller's signal still ends it. */
  met(): void {
    clearTimeout(this.#timer);
  }

  done(): void {
    this.met();
    this.#request.signal.removeEventListener("abort", this.#onAbort);
  }

  explain(thrown: unknown, server: string): unknown {
    if (this.#request.signal.aborted) return this.#request.signal.reason;
    if (thrown instanceof PillionError) return thrown;
    return unreachable(
      server,
      this.#isOver ? `no answer within ${this.#timeoutMs / 1000} s` : errorText(thrown),
      thrown,
    );
  }
}

async function readAnswer(response: IncomingMessage): Promise<ApiResponse> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bodyLimitBytes) throw new Error(`the answer has more than ${bodyLimitBytes} bytes`);
    chunks.push(chunk);
  }
  const { statusCode: status = 0, headers } = response;
  const text = Buffer.concat(chunks).toString("utf8");
  const isJson = headers["content-type"]?.includes("json") === true && text !== "";
  return { status, headers, body: isJson ? parseJson(text, status) : text };
}

function parseJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The status of a refusal says enough.
    if (status >= 400) return text;
    throw new Error(`the answer is not JSON: ${text.slice(0, 100)}`, { cause });
  }
}

function queryText(query: ApiRequest["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.append(name, String(value));
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}

function unreachable(server: string, reason: string, cause: unknown): PillionError {
  const isTrust = /certificate|CERT_|self-signed|altname/i.test(reason);
  return new PillionError("API_SERVER", {
    problem: `the API server ${server} gives no answer that can be used: ${reason}`,
    fix: isTrust
      ? "Check that the certificate authority in the kubeconfig or the service account is the API server's"
      : "Check that it runs and that the network lets us reach it, for example with kubectl get --raw /readyz",
    cause,
  });
}

function notHttps(server: string): PillionError {
  return new PillionError("KUBECONFIG", {
    problem: `the API server's address "${server}" does not begin with https://`,
    reason: "Tokens would travel in plain text",
    fix: "Name the cluster's https:// address in the kubeconfig",
  });
}
