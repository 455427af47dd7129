/** Routes that make data: after a while, in pieces, of a size, in a format. */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync, gzipSync } from "node:zlib";
import { send, sendJson, sendText } from "../answer.ts";
import { describeRequest, describeWithBody } from "./describe.ts";
import { denyText, htmlPage, pixelPng, robotsText, slideshow, unicodePage, xmlDocument } from "./documents.ts";
import { type Exchange, numberWithin, RequestError, type Route } from "./router.ts";

/** Longest that any route takes, in seconds. */
const longestSeconds = 10;
/** Most bytes that any route makes. */
const mostBytes = 10 * 1024 * 1024;
/** Most lines or events. */
const mostItems = 1000;

/** The table of these routes. */
export const dataRoutes: readonly Route[] = [
  { method: "*", pattern: "/delay/:seconds", handle: answerLater },
  { method: "GET", pattern: "/bytes/:n", handle: sendBytes },
  { method: "GET", pattern: "/stream/:n", handle: streamLines },
  { method: "GET", pattern: "/stream-bytes/:n", handle: streamBytes },
  { method: "GET", pattern: "/range/:n", handle: sendRange },
  { method: "GET", pattern: "/drip", handle: drip },
  { method: "GET", pattern: "/sse", handle: sendEvents },
  { method: "GET", pattern: "/gzip", handle: (exchange) => sendPacked(exchange, "gzip") },
  { method: "GET", pattern: "/deflate", handle: (exchange) => sendPacked(exchange, "deflate") },
  {
    method: "GET",
    pattern: "/base64/encode/:value",
    handle: ({ response, params }) => sendText(response, 200, Buffer.from(params["value"] ?? "").toString("base64url")),
  },
  { method: "GET", pattern: "/base64/decode/:value", handle: decodeBase64 },
  { method: "GET", pattern: "/base64/:value", handle: decodeBase64 },
  { method: "GET", pattern: "/uuid", handle: ({ response }) => sendJson(response, 200, { uuid: randomUUID() }) },
  { method: "GET", pattern: "/json", handle: ({ response }) => sendJson(response, 200, slideshow) },
  {
    method: "GET",
    pattern: "/html",
    handle: ({ response }) => send(response, 200, "text/html; charset=utf-8", htmlPage),
  },
  { method: "GET", pattern: "/xml", handle: ({ response }) => send(response, 200, "application/xml", xmlDocument) },
  { method: "GET", pattern: "/robots.txt", handle: ({ response }) => sendText(response, 200, robotsText) },
  { method: "GET", pattern: "/deny", handle: ({ response }) => sendText(response, 200, denyText) },
  {
    method: "GET",
    pattern: "/encoding/utf8",
    handle: ({ response }) => send(response, 200, "text/html; charset=utf-8", unicodePage),
  },
  { method: "GET", pattern: "/image", handle: ({ response }) => send(response, 200, "image/png", pixelPng) },
  { method: "GET", pattern: "/image/png", handle: ({ response }) => send(response, 200, "image/png", pixelPng) },
];

async function answerLater(exchange: Exchange): Promise<void> {
  await sleep(secondsOf(exchange.params["seconds"], 0) * 1000);
  sendJson(exchange.response, 200, await describeWithBody(exchange));
}

function sendBytes({ response, params }: Exchange): void {
  send(response, 200, "application/octet-stream", randomBytes(count(params["n"], mostBytes)));
}

function streamLines(exchange: Exchange): void {
  const { response, params } = exchange;
  const description = describeRequest(exchange);
  response.writeHead(200, { "content-type": "application/json" });
  for (let id = 0; id < count(params["n"], mostItems); id += 1) {
    response.write(`${JSON.stringify({ id, ...description })}\n`);
  }
  response.end();
}

async function streamBytes({ response, params, url }: Exchange): Promise<void> {
  const pieceSize = numberWithin(url.searchParams.get("chunk_size"), 10_240, 1, mostBytes);
  response.writeHead(200, { "content-type": "application/octet-stream" });
  for (let left = count(params["n"], mostBytes); left > 0 && !response.destroyed; left -= pieceSize) {
    if (!response.write(randomBytes(Math.min(left, pieceSize)))) await writable(response);
  }
  response.end();
}

/** The letters a to z over and over, or the part that a Range header asks for. */
function sendRange({ request, response, params }: Exchange): void {
  const size = count(params["n"], mostBytes);
  const letters = Buffer.alloc(size, "abcdefghijklmnopqrstuvwxyz");
  const headers = { "accept-ranges": "bytes", etag: `"range${size}"` };
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  if (first === undefined || last === undefined) {
    send(response, 200, "application/octet-stream", letters, headers);
    return;
  }
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = Math.min(size - 1, first === "" || last === "" ? size - 1 : Number(last));
  if (start > end) {
    sendText(response, 416, "", { ...headers, "content-range": `bytes */${size}` });
    return;
  }
  const range = `bytes ${start}-${end}/${size}`;
  send(response, 206, "application/octet-stream", letters.subarray(start, end + 1), {
    ...headers,
    "content-range": range,
  });
}

/** `numbytes` asterisks spread over `duration` seconds, after `delay` seconds. */
async function drip({ response, url }: Exchange): Promise<void> {
  const bytes = Math.max(1, count(url.searchParams.get("numbytes") ?? "10", mostBytes));
  const pauseMs = (secondsOf(url.searchParams.get("duration"), 2) * 1000) / Math.max(1, bytes - 1);
  await sleep(secondsOf(url.searchParams.get("delay"), 0) * 1000);
  const status = numberWithin(url.searchParams.get("code"), 200, 200, 599);
  response.writeHead(status, { "content-type": "application/octet-stream", "content-length": bytes });
  for (let sent = 0; sent < bytes && !response.destroyed; sent += 1) {
    if (sent > 0 && pauseMs > 0) await sleep(pauseMs);
    if (!response.write("*")) await writable(response);
  }
  response.end();
}

async function sendEvents({ response, url }: Exchange): Promise<void> {
  const events = count(url.searchParams.get("count") ?? "10", mostItems);
  const pauseMs = (secondsOf(url.searchParams.get("duration"), 5) * 1000) / Math.max(1, events - 1);
  await sleep(secondsOf(url.searchParams.get("delay"), 0) * 1000);
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  for (let id = 0; id < events && !response.destroyed; id += 1) {
    if (id > 0) await sleep(pauseMs);
    response.write(`event: ping\ndata: ${JSON.stringify({ id, timestamp: Date.now() })}\n\n`);
  }
  response.end();
}

function sendPacked(exchange: Exchange, encoding: "gzip" | "deflate"): void {
  const text = JSON.stringify({ ...describeRequest(exchange), [encoding === "gzip" ? "gzipped" : "deflated"]: true });
  const packed = encoding === "gzip" ? gzipSync(text) : deflateSync(text);
  send(exchange.response, 200, "application/json", packed, { "content-encoding": encoding });
}

function decodeBase64({ response, params }: Exchange): void {
  const text = params["value"] ?? "";
  if (!/^[\w+/-]*={0,2}$/.test(text)) throw new RequestError(400, `"${text}" is not base64`);
  sendText(response, 200, Buffer.from(text, "base64").toString());
}

function count(text: string | null | undefined, most: number): number {
  return Math.floor(numberWithin(text, 0, 0, most));
}

/** Seconds from `1.5` or from Go's `1.5s` and `200ms`. */
function secondsOf(text: string | null | undefined, fallback: number): number {
  const [, number, unit] = /^([\d.]+)(ms|s)$/.exec(text ?? "") ?? [];
  if (number === undefined) return numberWithin(text, fallback, 0, longestSeconds);
  return numberWithin(String(Number(number) / (unit === "ms" ? 1000 : 1)), 0, 0, longestSeconds);
}

/** Resolves when more may be written, or when nobody reads any more. */
function writable(response: Exchange["response"]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
