import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Listening, listen } from "../serve.ts";
import { echoSettings, startEcho } from "./echo.ts";
import { callGrpc, healthPath } from "./grpc-client.ts";
import { createTcpEchoServer } from "./tcp-echo-server.ts";

let running: Listening[];
const portOf = (index: number): number => running[index]?.port ?? 0;

beforeAll(async () => {
  running = await startEcho({ pod: "echo-1", version: "v7" }, { http: [0], tcp: [0], serverFirst: [0], grpc: [0] });
});
afterAll(async () => {
  await Promise.all(running.map((listening) => listening.close()));
});

const ask = async (path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`http://127.0.0.1:${portOf(0)}${path}`, { headers });
  return { status: response.status, body: await response.json() };
};

const converse = (port: number, words: string): Promise<string> => {
  const socket = connect(port, "127.0.0.1");
  socket.end(words);
  return text(socket);
};

test("createHttpEchoServer() tells what reached it", async () => {
  const { status, body } = await ask("/any/path?q=1", { "x-envoy-attempt-count": "3", "x-one": "1" });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    pod: "echo-1",
    version: "v7",
    method: "GET",
    path: "/any/path?q=1",
    headers: { "x-one": "1" },
    attempt: 3,
  });
});

test("createHttpEchoServer() fails the first tries of each request id, then answers", async () => {
  const statuses = async (id: string): Promise<number[]> => {
    const seen: number[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      seen.push((await ask("/abort/503?times=2", { "x-request-id": id })).status);
    }
    return seen;
  };
  expect(await statuses("a")).toEqual([503, 503, 200]);
  expect(await statuses("b")).toEqual([503, 503, 200]);
  expect((await ask("/abort/418", { "x-request-id": "a" })).status).toBe(418);
  expect((await ask("/abort/503?only=another-version")).status).toBe(200);
});

test("createHttpEchoServer() takes its time on /slow", async () => {
  const start = performance.now();
  await ask("/slow?ms=60");
  expect(performance.now() - start).toBeGreaterThan(55);
});

test("createTcpEchoServer() answers every line with its prefix", async () => {
  expect(await converse(portOf(1), "one\ntwo\nthree")).toBe("v7 one\nv7 two\nv7 three");
});

test("createTcpEchoServer() greets first where it has a greeting", async () => {
  expect(await converse(portOf(2), "HELO\n")).toBe("220 ready\nv7 HELO\n");
});

test("createTcpEchoServer() ends open connections when it is closed", async () => {
  const listening = await listen(createTcpEchoServer({ prefix: "x", greeting: "hi" }), 0);
  const socket = connect({ port: listening.port, host: "127.0.0.1" });
  await new Promise((resolve) => socket.once("data", resolve));
  await listening.close();
  await expect(text(socket)).resolves.toBe("");
});

test("callGrpc() gets an answer, a health status, an abort, and UNAVAILABLE where nobody listens", async () => {
  const target = `127.0.0.1:${portOf(3)}`;
  const answered = await callGrpc({ target, message: "grüße", headers: { "x-one": "1" } });
  expect(answered).toMatchObject({ code: 0, name: "OK" });
  expect(JSON.parse(answered.text)).toMatchObject({ pod: "echo-1", message: "grüße", metadata: { "x-one": "1" } });
  expect(await callGrpc({ target, path: healthPath })).toEqual({ code: 0, name: "OK", text: "SERVING" });
  expect(await callGrpc({ target, headers: { "x-abort": "7" } })).toMatchObject({ code: 7, name: "PERMISSION_DENIED" });
  expect(await callGrpc({ target: "127.0.0.1:1" })).toMatchObject({ code: 14, name: "UNAVAILABLE" });
});

test("startEcho() rejects and closes the rest when a port is in use", async () => {
  const ports = { http: [0, portOf(0)], tcp: [], serverFirst: [], grpc: [] };
  await expect(startEcho({ pod: "p", version: "v1" }, ports)).rejects.toThrow("EADDRINUSE");
});

test.each([
  { args: [], want: { version: "v1", ports: { http: [8080], tcp: [], serverFirst: [], grpc: [] } } },
  {
    args: [
      "--metrics=15014",
      "--port",
      "8080",
      "--port",
      "3333",
      "--tcp",
      "9090",
      "--server-first=9091",
      "--version",
      "v2",
    ],
    want: { version: "v2", ports: { http: [8080, 3333], tcp: [9090], serverFirst: [9091], grpc: [] } },
  },
])("echoSettings() reads $args", ({ args, want }) => {
  expect(echoSettings(args)).toEqual(want);
});
