import { expect, test } from "vitest";
import { listen } from "../serve.ts";
import { createHelloServer } from "./helloworld.ts";

test.each([
  { path: "/hello?name=x", status: 200, body: "Hello version: v2, instance: pod-1\n" },
  { path: "/health", status: 200, body: "Helloworld is healthy\n" },
  { path: "/", status: 404, body: "ask for /hello or /health\n" },
])("createHelloServer() answers GET $path with $status", async ({ path, status, body }) => {
  const { port, close } = await listen(createHelloServer("v2", "pod-1"), 0);
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  expect({ status: answer.status, body: await answer.text() }).toEqual({ status, body });
  await close();
});
