/**
 * An HTTP server that tells what reached it, and misbehaves when asked to: `/abort/503?times=2` fails the first two
 * tries of a request, `/slow?ms=2000` takes its time.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { readBody, sendJson } from "../answer.ts";

/** Who answers. */
export interface EchoIdentity {
  readonly pod: string;
  readonly version: string;
}

/** Longest body that is echoed. */
const bodyLimitBytes = 1024 * 1024;
/** Longest that `/slow` takes, in milliseconds. */
const longestMs = 60_000;
/** Most requests whose tries are counted at one time; the oldest is forgotten. */
const countedLimit = 10_000;

/** A server that answers every path with `{ pod, version, method, path, headers, attempt, tries, body }`. */
export function createHttpEchoServer(identity: EchoIdentity): Server {
  const tries = new Map<string, number>();
  return createServer((request, response) => {
    answer(request, response, identity, tries).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: String(error) });
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  identity: EchoIdentity,
  tries: Map<string, number>,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://echo");
  const body = await readBody(request, bodyLimitBytes);
  const key = url.searchParams.get("key") ?? headerOf(request, "x-request-id") ?? "";
  const seen = countTry(tries, `${url.pathname} ${key}`);
  if (url.pathname === "/slow") await sleep(Math.min(longestMs, Number(url.searchParams.get("ms") ?? 1000)));
  const status = statusOf(url, seen, identity.version);
  sendJson(response, status, {
    pod: identity.pod,
    version: identity.version,
    method: request.method,
    path: request.url,
    headers: request.headers,
    attempt: Number(headerOf(request, "x-envoy-attempt-count") ?? 1),
    tries: seen,
    body: body.toString(),
  });
}

/** `/abort/STATUS` fails always; with `?times=N` only the first N tries of one `?key=` or x-request-id; with `?only=v2` only there. */
function statusOf(url: URL, seen: number, version: string): number {
  const [, code] = /^\/abort\/([2-5]\d\d)$/.exec(url.pathname) ?? [];
  const times = Number(url.searchParams.get("times") ?? Number.POSITIVE_INFINITY);
  const isMeant = (url.searchParams.get("only") ?? version) === version;
  return code !== undefined && isMeant && seen <= times ? Number(code) : 200;
}

function countTry(tries: Map<string, number>, key: string): number {
  const seen = (tries.get(key) ?? 0) + 1;
  tries.delete(key);
  tries.set(key, seen);
  const [oldest] = tries.keys();
  if (tries.size > countedLimit && oldest !== undefined) tries.delete(oldest);
  return seen;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
