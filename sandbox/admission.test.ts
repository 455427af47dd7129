import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCa, issue } from "../certs/ca.ts";
import { newKeyPair } from "../control-plane/keys.ts";
import { type AdmissionClient, admissionClient } from "./admission.ts";
import { isRecord, type KubeObject } from "./objects.ts";

const now = Date.now();
const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const certificate = issue(ca, { now, newKeyPair, dnsNames: ["istiod.istio-system.svc"] });
const reviews: { readonly path: string; readonly body: unknown }[] = [];
let answer: unknown;
let server: Http2SecureServer;
let stateDirectory: string;
let client: AdmissionClient;
let webhook: { readonly host: string; readonly port: number };
const sessions = new Set<ServerHttp2Session>();

async function listen(port: number): Promise<Http2SecureServer> {
  const made = createSecureServer({ cert: certificate.certificateChainPem, key: certificate.privateKey.reveal() });
  made.on("session", (session) => sessions.add(session));
  made.on("stream", (stream, headers) => {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      text += chunk;
    });
    stream.on("end", () => {
      reviews.push({ path: String(headers[":path"]), body: JSON.parse(text) });
      stream.respond({ ":status": 200, "content-type": "application/json" });
      stream.end(typeof answer === "string" ? answer : JSON.stringify({ response: answer }));
    });
  });
  made.listen(port, "127.0.0.1");
  await once(made, "listening");
  return made;
}

async function close(): Promise<void> {
  for (const session of sessions) session.destroy();
  sessions.clear();
  await new Promise((resolve) => server.close(resolve));
}

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "pillion-admission-"));
  writeFileSync(join(stateDirectory, "ca.crt"), ca.certificatePem);
  server = await listen(0);
  webhook = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  client = admissionClient({ webhook, stateDirectory });
});
afterAll(async () => {
  client.close();
  await close();
  rmSync(stateDirectory, { recursive: true });
});

const service: KubeObject = {
  apiVersion: "networking.istio.io/v1",
  kind: "ServiceEntry",
  metadata: { name: "a", namespace: "shop" },
};
const patch = (operations: readonly object[]) => Buffer.from(JSON.stringify(operations)).toString("base64");

describe("review()", () => {
  test("asks as an API server does", async () => {
    answer = { allowed: true };
    await client.review("/validate", service);
    const { path, body } = reviews.at(-1) ?? expect.fail();
    expect(path).toBe("/validate?timeout=10s");
    expect(body).toMatchObject({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        kind: { group: "networking.istio.io", version: "v1", kind: "ServiceEntry" },
        resource: { group: "networking.istio.io", version: "v1", resource: "serviceentries" },
        name: "a",
        namespace: "shop",
        operation: "CREATE",
        object: service,
      },
    });
    expect(isRecord(body) && isRecord(body["request"]) && body["request"]["uid"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("gives the object as it was patched, and leaves the given one alone", async () => {
    answer = {
      allowed: true,
      patch: patch([{ op: "add", path: "/metadata/labels", value: { a: "b" } }]),
      warnings: ["careful"],
    };
    const verdict = await client.review("/inject", service);
    expect(verdict).toMatchObject({
      allowed: true,
      warnings: ["careful"],
      object: { metadata: { name: "a", labels: { a: "b" } } },
    });
    expect(service.metadata).not.toHaveProperty("labels");
  });

  test("gives the reason of a denial", async () => {
    answer = { allowed: false, status: { code: 422, message: "PIL1001 no" } };
    expect(await client.review("/validate", service)).toMatchObject({
      allowed: false,
      message: "PIL1001 no",
      warnings: [],
    });
  });

  test.each([{ wrong: "no JSON" }, { wrong: "{}" }])("refuses the answer $wrong", async ({ wrong }) => {
    answer = wrong;
    await expect(client.review("/validate", service)).rejects.toThrow("WEBHOOK: The webhook at https://127.0.0.1:");
  });

  test("says when nobody answers, and asks whoever is there later", async () => {
    await close();
    await expect(client.review("/validate", service)).rejects.toThrow("gives no answer");
    server = await listen(webhook.port);
    answer = { allowed: true };
    expect((await client.review("/validate", service)).allowed).toBe(true);
  });

  test("does not talk to a server of another mesh", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pillion-admission-"));
    writeFileSync(join(folder, "ca.crt"), createCa({ now, newKeyPair, trustDomain: "other" }).certificatePem);
    const stranger = admissionClient({ webhook, stateDirectory: folder });
    await expect(stranger.review("/validate", service)).rejects.toThrow("gives no answer");
    stranger.close();
    rmSync(folder, { recursive: true });
  });
});
