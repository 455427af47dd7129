/** What httpbin saw of a request, in the JSON that people grep through. */
import type { IncomingMessage } from "node:http";
import type { Exchange, HttpbinOptions } from "./router.ts";

/** `{ args, headers, method, origin, url }`. */
export function describeRequest({ request, url, options }: Exchange): Record<string, unknown> {
  return {
    args: groupValues([...url.searchParams], options),
    headers: describeHeaders(request, options),
    method: request.method,
    origin: originOf(request),
    url: url.href,
  };
}

/** The same with `data`, `files`, `form` and `json` of the body. */
export async function describeWithBody(exchange: Exchange): Promise<Record<string, unknown>> {
  return { ...describeRequest(exchange), ...(await describeBody(exchange)) };
}

/** Header names written as `X-Forwarded-For`, sorted; repeated headers keep all their values. */
export function describeHeaders(request: IncomingMessage, options: HttpbinOptions): Record<string, unknown> {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? "";
    // HTTP/2 has :authority where HTTP/1.1 has Host; its other colon names describe the request line.
    if (name === ":authority") pairs.push(["Host", request.rawHeaders[index + 1] ?? ""]);
    else if (!name.startsWith(":")) pairs.push([canonical(name), request.rawHeaders[index + 1] ?? ""]);
  }
  return groupValues(
    pairs.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
    options,
  );
}

/** The client's address: the first that X-Forwarded-For names, else the peer's. */
export function originOf(request: IncomingMessage): string {
  const forwarded = request.headers["x-forwarded-for"];
  const first = (Array.isArray(forwarded) ? forwarded.join(",") : forwarded)?.split(",", 1)[0]?.trim();
  return first ? first : (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}

/** The URL as the client wrote it, as far as headers tell. */
export function urlOf(request: IncomingMessage): URL {
  const proto = request.headers["x-forwarded-proto"] === "https" ? "https" : "http";
  const authority = request.headers.host ?? request.headers[":authority"] ?? "localhost";
  const path = request.url ?? "/";
  const base = `${proto}://${String(authority)}`;
  return new URL(URL.canParse(`${base}${path}`) ? `${base}${path}` : "http://localhost/");
}

/** Values by name: lists, or with `strings` one string where there is one value only. */
export function groupValues(
  pairs: readonly (readonly [string, string])[],
  options: HttpbinOptions,
): Record<string, unknown> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  const plain = (values: string[]): unknown => (values.length === 1 ? values[0] : values);
  return Object.fromEntries(
    [...groups].map(([name, values]) => [name, options.values === "lists" ? values : plain(values)]),
  );
}

async function describeBody({ request, body, options }: Exchange): Promise<Record<string, unknown>> {
  const type = request.headers["content-type"] ?? "";
  const nothing = { data: "", files: {}, form: {}, json: null };
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return { ...nothing, form: groupValues([...new URLSearchParams(body.toString())], options) };
  }
  if (type.startsWith("multipart/form-data")) return { ...nothing, ...(await describeForm(type, body, options)) };
  const text = body.toString();
  const isText = !text.includes("�");
  const data = isText ? text : `data:${type || "application/octet-stream"};base64,${body.toString("base64")}`;
  return { ...nothing, data, json: isText ? parseJson(text) : null };
}

async function describeForm(type: string, body: Buffer, options: HttpbinOptions): Promise<Record<string, unknown>> {
  const fields = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  const form: [string, string][] = [];
  const files: [string, string][] = [];
  for (const [name, value] of fields) {
    if (typeof value === "string") form.push([name, value]);
    else files.push([name, await value.text()]);
  }
  return { form: groupValues(form, options), files: groupValues(files, options) };
}

/** Bodies that are no JSON are no mistake here: they have `null`. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
