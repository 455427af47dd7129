import { createServer } from "node:http";
import { connect as connectHttp2, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from "node:http2";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { listen, parsePort } from "./serve.ts";

test("listen() closes only after the request in flight is answered, and says so in the answer", async () => {
  const server = createServer();
  let answer = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    server.on("request", (_request, response) => {
      answer = () => response.end("done");
      resolve();
    });
  });
  const listening = await listen(server, 0);
  const socket = connect(listening.port, "127.0.0.1");
  const received = text(socket);
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await arrived;
  let closed = false;
  const closing = listening.close().then(() => {
    closed = true;
  });
  await expect(fetch(`http://127.0.0.1:${listening.port}/`)).rejects.toThrow();
  expect(closed).toBe(false);
  answer();
  await closing;
  expect(await received).toMatch(/^HTTP\/1\.1 200 OK\r\nconnection: close\r\n.*done/is);
});

test("listen() takes HTTP/2 without TLS on the same port, and closes it when its requests are answered", async () => {
  const server = createServer((request, response) => {
    response.setHeader("x-version", request.httpVersion);
    request.pipe(response);
  });
  const listening = await listen(server, 0);
  const session = connectHttp2(`http://127.0.0.1:${listening.port}`);
  const body = "x".repeat(200_000);
  const stream = session.request({ ":method": "POST", ":path": "/" });
  const headers = new Promise<IncomingHttpHeaders & IncomingHttpStatusHeader>((resolve) =>
    stream.on("response", resolve),
  );
  stream.end(body);
  expect(await headers).toMatchObject({ ":status": 200, "x-version": "2.0" });
  const closing = listening.close();
  expect(await text(stream)).toBe(body);
  await closing;
});

test("listen() hands HTTP/1 connections on with their first bytes, large bodies and pipelines included", async () => {
  const server = createServer((request, response) => {
    request.pipe(response);
  });
  const listening = await listen(server, 0);
  const url = `http://127.0.0.1:${listening.port}/`;
  const body = "x".repeat(2_000_000);
  expect(await (await fetch(url, { method: "POST", body })).text()).toBe(body);
  const socket = connect(listening.port, "127.0.0.1");
  const one = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none";
  socket.end(`${one}${one.replace("one", "two").replace("Host: a", "Host: a\r\nConnection: close")}`);
  expect(await text(socket)).toMatch(/one.*two/s);
  await listening.close();
});

test("listen() rejects when the port is in use", async () => {
  const listening = await listen(createServer(), 0);
  await expect(listen(createServer(), listening.port)).rejects.toThrow("EADDRINUSE");
  await listening.close();
});

test.each([
  { given: undefined, want: 7 },
  { given: "", want: 7 },
  { given: "80", want: 80 },
])("parsePort() reads $given", ({ given, want }) => {
  expect(parsePort(given, 7)).toBe(want);
});

test.each(["-1", "65536", "http"])("parsePort() refuses %s", (given) => {
  expect(() => parsePort(given, 7)).toThrow("is not a port");
});
