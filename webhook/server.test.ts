import { X509Certificate } from "node:crypto";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import jsonPatch, { type Operation } from "fast-json-patch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AnyObject } from "../api/kinds.ts";
import type { Finding } from "../base/finding.ts";
import { jsonPath } from "../base/json-path.ts";
import { inject } from "../injector/inject.ts";
import { defaultSettings } from "../injector/settings.ts";
import type { World } from "../model/world.ts";
import { startWebhook, type Webhook, type WebhookOptions } from "./server.ts";
import {
  type Answered,
  askHttp1,
  askOver,
  ca,
  labelled,
  newCertificate,
  pod,
  type Reply,
  responseIn,
  reviewOf,
  sessionOn,
  testOptions,
} from "./testing/asking.ts";

const errors: string[] = [];
const admitted: string[] = [];
let ready = true;
let clockMs = 0;
let webhook: Webhook;
let session: ClientHttp2Session;
const firstCertificate = newCertificate();

/** Two VirtualServices may not have the same host; the host "bug" makes the rules fail. */
function review(candidate: AnyObject, world: World): readonly Finding[] {
  if (candidate.kind !== "VirtualService") return [];
  const hosts = candidate.spec.hosts ?? [];
  if (hosts.includes("bug")) throw new Error("a rule failed");
  const others = [...world.objects.VirtualService.values()].filter(
    ({ metadata, spec }) =>
      metadata.name !== candidate.metadata.name && spec.hosts?.some((host) => hosts.includes(host)),
  );
  return others.map((other) => ({
    code: "PIL3001",
    severity: "error",
    object: { kind: "VirtualService", namespace: candidate.metadata.namespace, name: candidate.metadata.name },
    path: jsonPath("spec", "hosts", 0),
    problem: `host is taken by ${other.metadata.name}`,
    reason: "Only one of them would be obeyed",
    fix: "Choose another host",
    others: [],
  }));
}

const options = (): WebhookOptions =>
  testOptions({
    tls: firstCertificate,
    review,
    onAdmitted: (object) => admitted.push(object.metadata.name),
    ready: () => ready,
    log: {
      info: () => {},
      warn: () => {},
      error: (fields, message) => errors.push(`${message} ${JSON.stringify(fields)}`),
    },
    now: () => clockMs,
  });

beforeAll(async () => {
  webhook = await startWebhook(options());
  session = sessionOn(webhook.port);
});

afterAll(async () => {
  session.destroy();
  await webhook.close();
});

const ask = (path: string, body?: string): Promise<Reply> => askOver(session, path, body);

const virtualService = (name: string, host: string, extra: object = {}) => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name, namespace: "shop" },
  spec: { hosts: [host], http: [{ route: [{ destination: { host } }] }], ...extra },
});

const patchIn = ({ patch = "" }: Answered): string => Buffer.from(patch, "base64").toString();
const messageIn = ({ status }: Answered): string => status?.message ?? "";

describe("POST /inject", () => {
  test.each([
    { name: "HTTP/2", send: ask },
    { name: "HTTP/1.1", send: (path: string, body: string) => askHttp1(webhook.port, path, body) },
  ])("answers over $name with the patch that makes the injected pod", async ({ send }) => {
    const reply = await send("/inject", reviewOf("Pod", pod));
    expect(reply.status).toBe(200);
    const response = responseIn(reply);
    expect(response).toMatchObject({ uid: "u-1", allowed: true, patchType: "JSONPatch" });
    const operations = JSON.parse(patchIn(response)) as Operation[];
    const result = jsonPatch.applyPatch(structuredClone(pod), operations).newDocument;
    expect(result).toEqual(inject(pod, labelled, defaultSettings).pod);
    expect(result.spec.containers[0]).toMatchObject({ unknownField: { kept: true } });
  });

  test("answers a dry run like any other", async () => {
    const dry = responseIn(await ask("/inject", reviewOf("Pod", pod, { dryRun: true })));
    expect(dry).toEqual(responseIn(await ask("/inject", reviewOf("Pod", pod))));
  });

  test("says why a pod is left alone", async () => {
    const response = responseIn(await ask("/inject", reviewOf("Pod", pod, { namespace: "plain" })));
    expect(response.allowed).toBe(true);
    expect(response.patch).toBeUndefined();
    expect(response.warnings).toEqual([expect.stringContaining('namespace "plain" has neither the label')]);
  });

  test("takes cluster and network from the URL", async () => {
    const response = responseIn(await ask("/inject/cluster/west/net/a--slash--b", reviewOf("Pod", pod)));
    expect(patchIn(response)).toContain('\\"CLUSTER_ID\\":\\"west\\",\\"NETWORK\\":\\"a/b\\"');
  });

  test.each([
    "/inject/cluster/west/net/vpc-1/tracing_level/high",
    "/inject/ISTIO_META_CLUSTER_ID/west/ISTIO_META_NETWORK/vpc-1/TRACING_LEVEL/high",
    "/inject/:ENV:cluster=west:ENV:net=vpc-1:ENV:tracing_level=high",
  ])("makes an environment variable of what else %s says", async (url) => {
    const patch = patchIn(responseIn(await ask(url, reviewOf("Pod", pod))));
    expect(patch).toContain('\\"CLUSTER_ID\\":\\"west\\",\\"NETWORK\\":\\"vpc-1\\"');
    expect(patch).toContain('{"name":"TRACING_LEVEL","value":"high"}');
    expect(patch).toContain('"path":"/metadata/labels/topology.istio.io~1network","value":"vpc-1"');
    expect(patch).not.toContain("ISTIO_META");
  });

  test("keeps what no environment variable can be called out of the proxy", async () => {
    const response = responseIn(await ask("/inject/net/vpc-1/a%20b/c/POD_NAME/other", reviewOf("Pod", pod)));
    expect(patchIn(response)).not.toMatch(/"value":"(c|other)"/);
  });

  test("refuses a pod with a malformed annotation, all of them at once", async () => {
    const annotations = { "sidecar.istio.io/proxyCPU": "much", "traffic.sidecar.istio.io/excludeInboundPorts": "http" };
    const bad = { ...pod, metadata: { ...pod.metadata, annotations } };
    const response = responseIn(await ask("/inject", reviewOf("Pod", bad)));
    expect(response).toMatchObject({ allowed: false, status: { code: 422, reason: "Rejected" } });
    expect(messageIn(response)).toContain('sidecar.istio.io/proxyCPU is "much"');
    expect(messageIn(response)).toContain('excludeInboundPorts is "http"');
  });

  test("refuses anything but a pod", async () => {
    const response = responseIn(await ask("/inject", reviewOf("Service", pod)));
    expect(response).toMatchObject({ uid: "u-1", allowed: false, status: { code: 400 } });
  });
});

describe("POST /validate", () => {
  const validate = async (object: unknown, fields: object = {}) =>
    responseIn(await ask("/validate", reviewOf("VirtualService", object, fields)));

  test("lets a good object in and tells of it", async () => {
    expect(await validate(virtualService("good", "good"))).toEqual({ uid: "u-1", allowed: true });
    expect(admitted).toContain("good");
  });

  test("refuses a misspelled field with code, path and fix", async () => {
    const response = await validate(virtualService("bad", "bad", { http: [{ rout: [] }] }));
    expect(response).toMatchObject({ allowed: false, status: { code: 422 } });
    expect(response.status?.reason).not.toBe("Invalid");
    expect(messageIn(response)).toMatch(/VirtualService shop\/bad: 1 problem\n {2}PIL1001 spec.http\[0\].rout: /);
  });

  test("counts what was let in moments ago as stored, but not a dry run", async () => {
    expect((await validate(virtualService("dry", "twice"), { dryRun: true })).allowed).toBe(true);
    expect((await validate(virtualService("first", "twice"))).allowed).toBe(true);
    expect(messageIn(await validate(virtualService("second", "twice")))).toContain("host is taken by first");
    expect((await validate(virtualService("first", "twice"))).allowed).toBe(true); // it does not conflict with itself
    clockMs += 5001;
    expect((await validate(virtualService("second", "twice"))).allowed).toBe(true);
  });

  test("forgets what is deleted", async () => {
    expect((await validate(virtualService("gone", "freed"))).allowed).toBe(true);
    const deletion = { operation: "DELETE", name: "gone", object: null, oldObject: virtualService("gone", "freed") };
    expect(await validate(null, deletion)).toEqual({ uid: "u-1", allowed: true });
    expect((await validate(virtualService("next", "freed"))).allowed).toBe(true);
  });

  test("lets metadata of a stored object change whatever the rules say now", async () => {
    expect((await validate(virtualService("holder", "held"))).allowed).toBe(true);
    const stored = virtualService("late", "held");
    const response = await validate(
      { ...stored, metadata: { ...stored.metadata, labels: { a: "b" } } },
      { operation: "UPDATE", oldObject: stored },
    );
    expect(response).toMatchObject({ allowed: true, warnings: [expect.stringContaining("host is taken by holder")] });
    const changed = await validate(virtualService("late", "held", { gateways: ["mesh"] }), {
      operation: "UPDATE",
      oldObject: stored,
    });
    expect(changed.allowed).toBe(false);
  });

  test("answers with an error when a rule fails, and goes on", async () => {
    expect(await validate(virtualService("x", "bug"))).toMatchObject({ allowed: false, status: { code: 500 } });
    expect(errors.at(-1)).toContain("a rule failed");
    expect((await validate(virtualService("x", "fine"))).allowed).toBe(true);
  });
});

describe("startWebhook()", () => {
  test("tells whether it is ready", async () => {
    expect((await ask("/readyz")).status).toBe(200);
    ready = false;
    expect(await ask("/readyz")).toEqual({ status: 503, text: "not ready yet" });
    ready = true;
  });

  test("counts what it answers", async () => {
    await ask("/inject", "{");
    const { text } = await ask("/metrics");
    expect(text).toMatch(/pillion_admission_requests_total\{webhook="inject",answer="patched"\} [1-9]/);
    expect(text).toMatch(/pillion_admission_unreadable_total\{status="400"\} [1-9]/);
  });

  test("changes its certificate without a restart, and keeps the old one when the new one is bad", async () => {
    const serial = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = tlsConnect(
          { port: webhook.port, host: "127.0.0.1", servername: "localhost", ca: ca.certificatePem },
          () => {
            resolve(socket.getPeerX509Certificate()?.serialNumber ?? "");
            socket.destroy();
          },
        );
        socket.once("error", reject);
      });
    const before = new X509Certificate(firstCertificate.cert).serialNumber;
    expect(await serial()).toBe(before);
    expect(() => webhook.setCertificate({ cert: "no", key: "no" })).toThrow(/^WEBHOOK_TLS: /);
    expect(await serial()).toBe(before);
    const next = newCertificate();
    webhook.setCertificate(next);
    expect(await serial()).toBe(new X509Certificate(next.cert).serialNumber);
  });

  test("stops although clients stay connected, after answering what is under way", async () => {
    const other = await startWebhook({ ...options(), listen: { host: "127.0.0.1", port: 0 } });
    const client = connect(`https://localhost:${other.port}`, { ca: ca.certificatePem });
    await new Promise<void>((resolve) => client.once("connect", () => resolve()));
    const stream = client.request({ ":path": "/inject", ":method": "POST" });
    const status = new Promise<number>((resolve, reject) => {
      stream.once("response", (headers) => resolve(headers[":status"] ?? 0)).once("error", reject);
    });
    stream.write("{");
    const idle = tlsConnect({ port: other.port, host: "127.0.0.1", servername: "localhost", ca: ca.certificatePem });
    await new Promise<void>((resolve) => idle.once("secureConnect", () => resolve()));
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    const closed = other.close();
    stream.end("}");
    expect(await status).toBe(400);
    stream.resume();
    await closed;
  });

  test("says in one sentence that the port is taken", async () => {
    const listen = { host: "127.0.0.1", port: webhook.port };
    const again = startWebhook({ ...options(), listen });
    await expect(again).rejects.toThrow(/^WEBHOOK_LISTEN: The webhook cannot listen on 127\.0\.0\.1:\d+\. /);
  });
});
