/** An httpbin: a server that shows requests, makes any status, delay or stream, and echoes WebSockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readBody, send, sendJson } from "../answer.ts";
import { numberFlag, parseFlags } from "../flags.ts";
import { isMainModule, parsePort, podName, serve } from "../serve.ts";
import { dataRoutes } from "./data-routes.ts";
import { urlOf } from "./describe.ts";
import { inspectRoutes } from "./inspect-routes.ts";
import { findRoute, type HttpbinOptions, RequestError, type Route } from "./router.ts";
import { statusRoutes } from "./status-routes.ts";
import { echoWebSocket } from "./websocket.ts";

const routes: readonly Route[] = [...inspectRoutes, ...statusRoutes, ...dataRoutes];

/** Longest body that is read. */
const bodyLimitBytes = 10 * 1024 * 1024;

/** A server with every route. */
export function createHttpbinServer(options: HttpbinOptions): Server {
  const server = createServer((request, response) => {
    if (options.logAccess !== undefined)
      response.once("close", () => options.logAccess?.(accessLine(request, response)));
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-credentials", "true");
    answer(request, response, options).catch((error: unknown) => fail(response, error));
  });
  server.on("upgrade", (request, socket, head) => {
    if (urlOf(request).pathname === "/websocket/echo") return echoWebSocket(request, socket, head);
    socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  return server;
}

/** A request in the words of gunicorn's access log, as tutorials look for it. */
function accessLine(request: IncomingMessage, response: ServerResponse): string {
  const { remoteAddress = "-" } = request.socket;
  const what = `${request.method ?? ""} ${request.url ?? ""} HTTP/${request.httpVersion}`;
  const agent = request.headers["user-agent"] ?? "-";
  const sizeBytes = response.getHeader("content-length") ?? "-";
  return `${remoteAddress} - - [${new Date().toISOString()}] "${what}" ${response.statusCode} ${String(sizeBytes)} "-" "${agent}"`;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: HttpbinOptions): Promise<void> {
  const url = urlOf(request);
  if (url.pathname === "/") return send(response, 200, "text/html; charset=utf-8", listRoutes());
  if (url.pathname === "/websocket/echo") throw new RequestError(426, "speak WebSocket to this path");
  const { route, params } = findRoute(routes, request.method ?? "GET", url.pathname);
  const body = await readBody(request, bodyLimitBytes);
  await route.handle({ request, response, url, params, body, options });
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = error instanceof RequestError ? error.status : 500;
  sendJson(response, status, { status_code: status, error: error instanceof Error ? error.message : String(error) });
}

function listRoutes(): string {
  const lines = routes.map(
    ({ method, pattern }) => `<li><code>${method === "*" ? "any" : method} ${pattern}</code></li>`,
  );
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>httpbin</title></head>
<body><h1>httpbin</h1><ul>${lines.join("\n")}<li><code>GET /websocket/echo</code> (WebSocket)</li></ul></body></html>\n`;
}

/** The port of `-port 8080` or, as gunicorn takes it, of `-b 0.0.0.0:8080`; else of PORT; else 8080. */
export function httpbinPort(args: readonly string[], environment: NodeJS.ProcessEnv): number {
  const flags = parseFlags(args, new Set());
  const bind = flags.values.get("b") ?? flags.values.get("bind");
  const fallback = parsePort(bind?.split(":").at(-1) ?? environment["PORT"], 8080);
  return numberFlag(flags, "port", fallback);
}

if (isMainModule(import.meta.url)) {
  const args = process.argv.slice(2);
  // gunicorn's flag for a log on standard output.
  const isLogged = parseFlags(args, new Set()).values.get("access-logfile") === "-";
  const server = createHttpbinServer({
    values: process.env["HTTPBIN_HEADERS"] === "string" ? "strings" : "lists",
    hostname: podName(),
    logAccess: isLogged ? (line) => process.stdout.write(`${line}\n`) : undefined,
  });
  await serve("httpbin", [{ server, port: httpbinPort(args, process.env) }]);
}
