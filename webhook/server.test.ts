import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { type ClientHttp2Session, connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as tlsConnect } from "node:tls";
import jsonPatch, { type Operation } from "fast-json-patch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AnyObject } from "../api/kinds.ts";
import { parse } from "../api/parse.ts";
import type { Finding } from "../base/finding.ts";
import { jsonPath } from "../base/json-path.ts";
import { createCa, issue } from "../certs/ca.ts";
import { inject } from "../injector/inject.ts";
import { defaultSettings } from "../injector/settings.ts";
import { emptyWorld, type World } from "../model/world.ts";
import { bodyLimitBytes } from "./read-body.ts";
import { startWebhook, type Webhook, type WebhookOptions } from "./server.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.now();
const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const certificate = () => {
  const issued = issue(ca, { now, newKeyPair, dnsNames: ["localhost"] });
  return { cert: issued.certificateChainPem, key: issued.privateKey.reveal() };
};

const labelled = { name: "shop", labels: { "istio-injection": "enabled" } };
const errors: string[] = [];
const admitted: string[] = [];
let ready = true;
let clockMs = 0;
let webhook: Webhook;
let session: ClientHttp2Session;
const firstCertificate = certificate();

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

const options = (): WebhookOptions => ({
  tls: firstCertificate,
  listen: { host: "127.0.0.1", port: 0 },
  inject: {
    settings: () => defaultSettings,
    namespace: (name) => (name === "shop" ? labelled : { name, labels: {} }),
    selection: "webhook",
  },
  parse,
  review,
  world: emptyWorld,
  onAdmitted: (object) => admitted.push(object.metadata.name),
  ready: () => ready,
  log: {
    info: () => {},
    warn: () => {},
    error: (fields, message) => errors.push(`${message} ${JSON.stringify(fields)}`),
  },
  now: () => clockMs,
  arrivalMs: 300,
});

beforeAll(async () => {
  webhook = await startWebhook(options());
  session = connect(`https://localhost:${webhook.port}`, { ca: ca.certificatePem });
});

afterAll(async () => {
  session.destroy();
  await webhook.close();
});

interface Reply {
  readonly status: number;
  readonly text: string;
}

/** One request over HTTP/2. */
function ask(path: string, body?: string, method = body === undefined ? "GET" : "POST"): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path, ":method": method, "content-type": "application/json" });
    let status = 0;
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (headers) => {
      status = headers[":status"] ?? 0;
    });
    stream.on("data", (part: string) => {
      text += part;
    });
    stream.on("end", () => resolve({ status, text })).on("error", reject);
    stream.end(body);
  });
}

/** One request over HTTP/1.1. */
function askHttp1(path: string, body: string, port = webhook.port): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "localhost",
      port,
      ca: ca.certificatePem,
      path,
      method: "POST",
      agent: false,
    };
    const request = httpsRequest({ ...options, headers: { "content-type": "application/json" } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject).end(body);
  });
}

const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", labels: { app: "web" } },
  spec: { containers: [{ name: "web", image: "web:1", unknownField: { kept: true } }] },
};

function reviewOf(kind: string, object: unknown, fields: object = {}): string {
  const request = {
    uid: "u-1",
    kind: { group: "", version: "v1", kind },
    namespace: "shop",
    operation: "CREATE",
    object,
    ...fields,
  };
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });
}

const virtualService = (name: string, host: string, extra: object = {}) => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name, namespace: "shop" },
  spec: { hosts: [host], http: [{ route: [{ destination: { host } }] }], ...extra },
});

/** What a review answers; every field is there, so that expectations read well. */
interface Answered {
  readonly uid: string;
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly patch?: string;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

const responseIn = (reply: Reply): Answered => (JSON.parse(reply.text) as { response: Answered }).response;
const patchIn = ({ patch = "" }: Answered): string => Buffer.from(patch, "base64").toString();
const messageIn = ({ status }: Answered): string => status?.message ?? "";

describe("POST /inject", () => {
  test.each([
    { name: "HTTP/2", send: ask },
    { name: "HTTP/1.1", send: askHttp1 },
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

describe("bad requests", () => {
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
  ])("answers $name with 400 and one sentence", async ({ body, want }) => {
    for (const path of ["/inject", "/validate"]) {
      const reply = await ask(path, body, "POST");
      expect(reply.status).toBe(400);
      expect(reply.text).toContain(want);
      expect(reply.text).toMatch(/^[^\n]*\.$/);
    }
  });

  test("answers a review that holds no object with an error under its uid", async () => {
    const reply = await ask("/inject", reviewOf("Pod", null));
    expect(responseIn(reply)).toMatchObject({ uid: "u-1", allowed: false, status: { code: 400 } });
  });

  test("survives a pod of any depth", async () => {
    const depth = 200_000;
    const object = `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    const body = reviewOf("Pod", pod).replace('"unknownField":{"kept":true}', `"unknownField":${object}`);
    expect([200, 400]).toContain((await ask("/inject", body)).status);
    expect((await ask("/inject", reviewOf("Pod", pod))).status).toBe(200);
  });

  const tooLarge = { status: 413, text: "The body is larger than 7 MiB, the most that is read here." };

  test("refuses a body above the limit with 413", async () => {
    const reply = await ask("/validate", " ".repeat(bodyLimitBytes + 1));
    expect(reply).toEqual(tooLarge);
  });

  test("lets a client send all of a body that is too large before it says so", async () => {
    const patient = await startWebhook({ ...options(), arrivalMs: 30_000 });
    expect(await askHttp1("/inject", " ".repeat(2 * bodyLimitBytes), patient.port)).toEqual(tooLarge);
    await patient.close();
  });

  test("takes a body at the limit", async () => {
    const body = reviewOf("Pod", pod);
    expect((await ask("/inject", body + " ".repeat(bodyLimitBytes - body.length))).status).toBe(200);
  });

  test("cuts off a request that does not arrive, while others are answered", async () => {
    const slow = tlsConnect({ port: webhook.port, host: "127.0.0.1", servername: "localhost", ca: ca.certificatePem });
    const cut = new Promise<void>((resolve) => slow.once("close", () => resolve()).once("error", () => {}));
    slow.write("POST /inject HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{");
    expect((await ask("/inject", reviewOf("Pod", pod))).status).toBe(200);
    await cut;
    expect((await ask("/healthz")).text).toBe("ok");
  });

  test("survives a client that leaves in the middle", async () => {
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
});

describe("startWebhook()", () => {
  test("tells whether it is ready", async () => {
    expect((await ask("/readyz")).status).toBe(200);
    ready = false;
    expect(await ask("/readyz")).toEqual({ status: 503, text: "not ready yet" });
    ready = true;
  });

  test("counts what it answers", async () => {
    const { text } = await ask("/metrics");
    expect(text).toMatch(/pillion_admission_requests_total\{webhook="inject",answer="patched"\} [1-9]/);
    expect(text).toMatch(/pillion_admission_unreadable_total\{status="413"\} 1/);
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
    const next = certificate();
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
