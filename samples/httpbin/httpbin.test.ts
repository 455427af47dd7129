import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Listening, listen } from "../serve.ts";
import { createHttpbinServer, httpbinPort } from "./httpbin.ts";
import { acceptKey, decodeFrame, encodeFrame, opcodes } from "./websocket.ts";

let lists: Listening;
let strings: Listening;
const urlOf = (path: string): string => `http://127.0.0.1:${lists.port}${path}`;

beforeAll(async () => {
  lists = await listen(createHttpbinServer({ values: "lists", hostname: "httpbin-1" }), 0);
  strings = await listen(createHttpbinServer({ values: "strings", hostname: "httpbin-1" }), 0);
});
afterAll(async () => {
  await lists.close();
  await strings.close();
});

test.each([
  { path: "/get?a=1&a=2", want: { args: { a: ["1", "2"] }, method: "GET", origin: "127.0.0.1" } },
  { path: "/headers", want: { headers: { "X-Forwarded-Client-Cert": ["By=spiffe://a;URI=spiffe://b"] } } },
  { path: "/user-agent", want: { "user-agent": "trial" } },
  { path: "/ip", want: { origin: "127.0.0.1" } },
  { path: "/hostname", want: { hostname: "httpbin-1" } },
  { path: "/anything/deep/path", want: { method: "GET", url: "http://shop/anything/deep/path" } },
  { path: "/cookies", want: { cookies: { session: "jason=x" } } },
  { path: "/response-headers?x-a=1", want: { "x-a": ["1"] } },
  { path: "/cache/60", want: { args: {} } },
  { path: "/json", want: { slideshow: { author: "Pillion" } } },
  { path: "/gzip", want: { gzipped: true } },
  { path: "/deflate", want: { deflated: true } },
  { path: "/delay/0", want: { method: "GET" } },
  { path: "/unstable?failure_rate=0", want: { failed: false } },
])("createHttpbinServer() answers $path as JSON", async ({ path, want }) => {
  const headers = {
    "user-agent": "trial",
    cookie: "session=jason=x",
    "x-forwarded-client-cert": "By=spiffe://a;URI=spiffe://b",
  };
  const response = await fetch(urlOf(path), { headers });
  const body = (await response.text()).replaceAll(`127.0.0.1:${lists.port}`, "shop");
  expect(response.status).toBe(200);
  expect(JSON.parse(body)).toMatchObject(want);
});

test.each([
  { path: "/status/204", status: 204 },
  { path: "/status/418", status: 418 },
  { path: "/status/503:1,200:0", status: 503 },
  { path: "/status/abc", status: 400 },
  { path: "/unstable?failure_rate=1", status: 500 },
  { path: "/basic-auth/me/secret", status: 401 },
  { path: "/bearer", status: 401 },
  { path: "/redirect/3", status: 302, header: ["location", "/relative-redirect/2"] },
  { path: "/relative-redirect/1", status: 302, header: ["location", "/get"] },
  { path: "/redirect-to?url=http://other/x&status_code=307", status: 307, header: ["location", "http://other/x"] },
  { path: "/cookies/set?name=jason", status: 302, header: ["set-cookie", "name=jason; Path=/"] },
  { path: "/response-headers?x-a=1", status: 200, header: ["x-a", "1"] },
  { path: "/etag/one", status: 200, header: ["etag", '"one"'] },
  { path: "/cache", status: 200, header: ["etag", '"httpbin"'] },
  { path: "/image/png", status: 200, header: ["content-type", "image/png"] },
  { path: "/post", status: 405 },
  { path: "/nowhere", status: 404 },
  { path: "/websocket/echo", status: 426 },
  { path: "/base64/%25", status: 400 },
])("createHttpbinServer() answers $path with $status", async ({ path, status, header }) => {
  const response = await fetch(urlOf(path), { redirect: "manual" });
  await response.arrayBuffer();
  expect(response.status).toBe(status);
  if (header) expect(response.headers.get(header[0] ?? "")).toBe(header[1]);
});

test.each([
  { path: "/base64/aGVsbG8=", body: "hello" },
  { path: "/base64/encode/hello", body: "aGVsbG8" },
  { path: "/range/30", body: "abcdefghijklmnopqrstuvwxyzabcd" },
  { path: "/drip?numbytes=4&duration=0", body: "****" },
  { path: "/robots.txt", body: "User-agent: *\nDisallow: /deny\n" },
])("createHttpbinServer() answers $path with text", async ({ path, body }) => {
  const response = await fetch(urlOf(path));
  expect(await response.text()).toBe(body);
});

test("createHttpbinServer() shows forms, files, JSON and binary bodies", async () => {
  const post = async (body: string | FormData | URLSearchParams | Uint8Array<ArrayBuffer>): Promise<unknown> =>
    (await fetch(urlOf("/post"), { method: "POST", body })).json();
  const form = new FormData();
  form.set("field", "value");
  form.set("file", new Blob(["content"]), "a.txt");
  expect(await post(new URLSearchParams({ a: "b" }))).toMatchObject({ form: { a: ["b"] }, json: null });
  expect(await post(form)).toMatchObject({ form: { field: ["value"] }, files: { file: ["content"] } });
  expect(await post('{"a":1}')).toMatchObject({ data: '{"a":1}', json: { a: 1 } });
  expect(await post(new Uint8Array([0xff, 0xfe]))).toMatchObject({ data: "data:application/octet-stream;base64,//4=" });
});

test("createHttpbinServer() writes plain strings where the options say so", async () => {
  const response = await fetch(`http://127.0.0.1:${strings.port}/get?a=1`, { headers: { "x-one": "1" } });
  expect(await response.json()).toMatchObject({ args: { a: "1" }, headers: { "X-One": "1" } });
});

test("createHttpbinServer() logs what it answered, as gunicorn does", async () => {
  const lines: string[] = [];
  const logAccess = (line: string): number => lines.push(line);
  const logged = await listen(createHttpbinServer({ values: "lists", hostname: "httpbin-1", logAccess }), 0);
  await fetch(`http://127.0.0.1:${logged.port}/status/418`, { headers: { "user-agent": "trial" } });
  await logged.close();
  expect(lines).toEqual([expect.stringMatching(/ - - \[.*\] "GET \/status\/418 HTTP\/1\.1" 418 .* "-" "trial"$/)]);
});

test("createHttpbinServer() takes credentials and validators", async () => {
  const ask = async (path: string, headers: Record<string, string>): Promise<number> => {
    const response = await fetch(urlOf(path), { headers });
    await response.arrayBuffer();
    return response.status;
  };
  expect(await ask("/basic-auth/me/secret", { authorization: `Basic ${btoa("me:secret")}` })).toBe(200);
  expect(await ask("/bearer", { authorization: "Bearer token" })).toBe(200);
  expect(await ask("/etag/one", { "if-none-match": '"one"' })).toBe(304);
  expect(await ask("/etag/one", { "if-match": '"two"' })).toBe(412);
  expect(await ask("/range/26", { range: "bytes=2-4" })).toBe(206);
  expect(await ask("/range/26", { range: "bytes=30-40" })).toBe(416);
});

test("createHttpbinServer() streams lines, bytes and events", async () => {
  const lines = (await (await fetch(urlOf("/stream/3"))).text()).trim().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([{ id: 0 }, { id: 1 }, { id: 2 }]);
  expect((await (await fetch(urlOf("/stream-bytes/50000"))).arrayBuffer()).byteLength).toBe(50_000);
  expect((await (await fetch(urlOf("/sse?count=3&duration=0"))).text()).match(/event: ping/g)).toHaveLength(3);
});

test("createHttpbinServer() answers HTTP/1.0 and closes", async () => {
  const socket = connect(lists.port, "127.0.0.1");
  socket.write("GET /ip HTTP/1.0\r\nHost: shop\r\n\r\n");
  const answer = await readAll(socket);
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"origin": "127\.0\.0\.1"/s);
});

test("echoWebSocket() sends messages back, joins fragments, answers ping and close", async () => {
  const key = Buffer.from("0123456789abcdef").toString("base64");
  const mask = Buffer.from([1, 2, 3, 4]);
  const frame = (opcode: number, text: string, final = true): Buffer =>
    encodeFrame({ final, opcode, payload: Buffer.from(text) }, mask);
  const socket = connect(lists.port, "127.0.0.1");
  const hello = `GET /websocket/echo HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  const long = "x".repeat(70_000);
  socket.write(
    Buffer.concat([
      Buffer.from(hello),
      frame(opcodes.text, "one"),
      frame(opcodes.binary, "tw", false),
      frame(opcodes.ping, "alive"),
      frame(opcodes.continuation, "o"),
      frame(opcodes.text, long),
      frame(opcodes.close, "\x03\xe8"),
    ]),
  );
  const answer = await readAll(socket);
  const end = answer.indexOf("\r\n\r\n") + 4;
  expect(answer.subarray(0, end).toString()).toContain(`Sec-WebSocket-Accept: ${acceptKey(key)}`);
  expect(framesIn(answer.subarray(end))).toEqual([
    [opcodes.text, "one"],
    [opcodes.pong, "alive"],
    [opcodes.binary, "two"],
    [opcodes.text, long],
    [opcodes.close, "\x03\uFFFD"],
  ]);
});

test("acceptKey() gives the example of RFC 6455", () => {
  expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

test.each([
  { args: [], environment: {}, want: 8080 },
  { args: [], environment: { PORT: "80" }, want: 80 },
  { args: ["-port", "9000"], environment: { PORT: "80" }, want: 9000 },
  { args: ["-b", "0.0.0.0:8080", "httpbin:app", "-k", "gevent"], environment: { PORT: "80" }, want: 8080 },
])("httpbinPort() reads $args", ({ args, environment, want }) => {
  expect(httpbinPort(args, environment)).toBe(want);
});

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function framesIn(bytes: Buffer): [number, string][] {
  const frames: [number, string][] = [];
  let left = bytes;
  for (let next = decodeFrame(left); next !== undefined; next = decodeFrame(left)) {
    frames.push([next.frame.opcode, next.frame.payload.toString()]);
    left = left.subarray(next.size);
  }
  return frames;
}
