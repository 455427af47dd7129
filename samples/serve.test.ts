import { createServer } from "node:http";
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
