/** From a request to its handler: a table of methods and path patterns, read from the top. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Settings of the server that handlers look at. */
export interface HttpbinOptions {
  /** Header and query values as lists (as go-httpbin has them) or as plain strings (as the older Python one). */
  readonly values: "lists" | "strings";
  /** What /hostname answers. */
  readonly hostname: string;
  /** Gets a line for each request that is over. */
  readonly logAccess?: ((line: string) => void) | undefined;
}

/** One request on its way to an answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What the pattern's `:names` stand for, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly options: HttpbinOptions;
}

/** Answers one exchange. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** A line of the table. */
export interface Route {
  /** `*` takes every method; GET takes HEAD too. */
  readonly method: "*" | "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/delay/:seconds`; a `*` at the end takes the rest of the path. */
  readonly pattern: string;
  readonly handle: Handler;
}

/** A request that cannot be answered as asked; becomes a JSON error with this status. */
export class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The first route for method and path. @throws RequestError 404, or 405 where only the method is wrong. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } {
  let known = false;
  for (const route of routes) {
    const params = matchPattern(route.pattern, path);
    if (params === undefined) continue;
    known = true;
    if (route.method === "*" || route.method === (method === "HEAD" ? "GET" : method)) return { route, params };
  }
  throw known
    ? new RequestError(405, `${path} does not take ${method}`)
    : new RequestError(404, `nothing is at ${path}`);
}

/** A whole number from a path or query, held between bounds. @throws RequestError 400 when it is no number. */
export function numberWithin(text: string | null | undefined, fallback: number, low: number, high: number): number {
  if (text === undefined || text === null || text === "") return fallback;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new RequestError(400, `"${text}" is not a number`);
  return Math.min(high, Math.max(low, number));
}

function matchPattern(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (part === "*") return { ...params, rest: given.slice(index).join("/") };
    const value = given[index];
    if (value === undefined) return undefined;
    if (part.startsWith(":") && value !== "") params[part.slice(1)] = decode(value);
    else if (part !== value) return undefined;
  }
  return given.length === wanted.length ? params : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new RequestError(400, `"${text}" is not percent-encoded text: ${String(cause)}`);
  }
}
