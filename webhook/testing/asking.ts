// What tests of the webhook need to ask it as an API server does: a certificate, requests, and reviews.
import { generateKeyPairSync } from "node:crypto";
import { type ClientHttp2Session, connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { parse } from "../../api/parse.ts";
import { createCa, issue } from "../../certs/ca.ts";
import { defaultSettings } from "../../injector/settings.ts";
import { emptyWorld } from "../../model/world.ts";
import type { WebhookOptions } from "../server.ts";
import type { Certificate } from "../tls-server.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.now();
export const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });

/** A new certificate for localhost. */
export function newCertificate(): Certificate {
  const issued = issue(ca, { now, newKeyPair, dnsNames: ["localhost"] });
  return { cert: issued.certificateChainPem, key: issued.privateKey.reveal() };
}

/** The namespace "shop". */
export const labelled = { name: "shop", labels: { "istio-injection": "enabled" } };

/** A webhook on any port that injects into "shop", finds nothing wrong, and waits 300 ms for a body. */
export const testOptions = (changes: Partial<WebhookOptions> = {}): WebhookOptions => ({
  tls: newCertificate(),
  listen: { host: "127.0.0.1", port: 0 },
  inject: {
    settings: () => defaultSettings,
    namespace: (name) => (name === "shop" ? labelled : { name, labels: {} }),
    selection: "webhook",
  },
  parse,
  review: () => [],
  world: emptyWorld,
  ready: () => true,
  log: { info: () => {}, warn: () => {}, error: () => {} },
  arrivalMs: 300,
  ...changes,
});

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Opens a connection of HTTP/2. */
export const sessionOn = (port: number): ClientHttp2Session =>
  connect(`https://localhost:${port}`, { ca: ca.certificatePem });

/** One request over HTTP/2. */
export function askOver(
  session: ClientHttp2Session,
  path: string,
  body?: string,
  method = body === undefined ? "GET" : "POST",
): Promise<Reply> {
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
export function askHttp1(port: number, path: string, body: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const place = { host: "localhost", port, ca: ca.certificatePem, path, method: "POST", agent: false };
    const request = httpsRequest({ ...place, headers: { "content-type": "application/json" } }, (response) => {
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

export const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", labels: { app: "web" } },
  spec: { containers: [{ name: "web", image: "web:1", unknownField: { kept: true } }] },
};

/** A review that creates this object in "shop", unless `fields` say otherwise. */
export function reviewOf(kind: string, object: unknown, fields: object = {}): string {
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

/** What a review answers; every field is there, so that expectations read well. */
export interface Answered {
  readonly uid: string;
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly patch?: string;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

export const responseIn = (reply: Reply): Answered => (JSON.parse(reply.text) as { response: Answered }).response;
