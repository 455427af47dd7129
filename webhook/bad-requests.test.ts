// Whatever comes in, something comes out, and others never notice.
import type { ClientHttp2Session } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bodyLimitBytes } from "./read-body.ts";
import { startWebhook, type Webhook } from "./server.ts";
import {
  askHttp1,
  askOver,
  ca,
  pod,
  type Reply,
  responseIn,
  reviewOf,
  sessionOn,
  testOptions,
} from "./testing/asking.ts";

let webhook: Webhook;
let session: ClientHttp2Session;

beforeAll(async () => {
  webhook = await startWebhook(testOptions());
  session = sessionOn(webhook.port);
});

afterAll(async () => {
  session.destroy();
  await webhook.close();
});

const ask = (path: string, body?: string): Promise<Reply> => askOver(session, path, body);

test.each([
  { name: "malformed JSON", body: '{"apiVersion": ', want: "The body is not JSON" },
  { name: "no body", body: "", want: "The request has no body." },
  { name: "a list", body: "[]", want: "not an AdmissionReview" },
  {
    name: "an older version",
    body: '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}',
    want: '"admission.k8s.io/v1beta1"',
  },
  { name: "another kind", body: '{"apiVersion":"v1","kind":"Pod"}', want: 'is "Pod" of "v1"' },
  {
    name: "no uid",
    body: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}',
    want: "no request.uid",
  },
  { name: "very deep JSON", body: "[".repeat(500_000), want: "The body is not JSON" },
])("startWebhook() answers $name with 400 and one sentence", async ({ body, want }) => {
  for (const path of ["/inject", "/validate"]) {
    const reply = await askOver(session, path, body, "POST");
    expect(reply.status).toBe(400);
    expect(reply.text).toContain(want);
    expect(reply.text).toMatch(/^[^\n]*\.$/);
  }
});

test("startWebhook() answers a review that holds no object with an error under its uid", async () => {
  const reply = await ask("/inject", reviewOf("Pod", null));
  expect(responseIn(reply)).toMatchObject({ uid: "u-1", allowed: false, status: { code: 400 } });
});

test("startWebhook() survives a pod of any depth", async () => {
  const depth = 200_000;
  const object = `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const body = reviewOf("Pod", pod).replace('"unknownField":{"kept":true}', `"unknownField":${object}`);
  expect([200, 400]).toContain((await ask("/inject", body)).status);
  expect((await ask("/inject", reviewOf("Pod", pod))).status).toBe(200);
});

const tooLarge = { status: 413, text: "The body is larger than 7 MiB, the most that is read here." };

test("startWebhook() refuses a body above the limit with 413", async () => {
  const reply = await ask("/validate", " ".repeat(bodyLimitBytes + 1));
  expect(reply).toEqual(tooLarge);
});

test("startWebhook() lets a client send all of a body that is too large before it says so", async () => {
  const patient = await startWebhook(testOptions({ arrivalMs: 30_000 }));
  expect(await askHttp1(patient.port, "/inject", " ".repeat(2 * bodyLimitBytes))).toEqual(tooLarge);
  await patient.close();
});

test("startWebhook() takes a body at the limit", async () => {
  const body = reviewOf("Pod", pod);
  expect((await ask("/inject", body + " ".repeat(bodyLimitBytes - body.length))).status).toBe(200);
});

test("startWebhook() cuts off a request that does not arrive, while others are answered", async () => {
  const slow = tlsConnect({ port: webhook.port, host: "127.0.0.1", servername: "localhost", ca: ca.certificatePem });
  const cut = new Promise<void>((resolve) => slow.once("close", () => resolve()).once("error", () => {}));
  slow.write("POST /inject HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{");
  expect((await ask("/inject", reviewOf("Pod", pod))).status).toBe(200);
  await cut;
  expect((await ask("/healthz")).text).toBe("ok");
});

test("startWebhook() survives a client that leaves in the middle", async () => {
  const client = tlsConnect({
    port: webhook.port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: ca.certificatePem,
  });
  await new Promise<void>((resolve) => client.once("secureConnect", () => resolve()));
  client.write("POST /inject HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{", () => client.destroy());
  await new Promise<void>((resolve) => client.once("close", () => resolve()));
  expect((await ask("/healthz")).status).toBe(200);
});
