import { describe, expect, test } from "vitest";
import { readAnswer, selfTest } from "./self-test.ts";

const calling = 'Internal error occurred: failed calling webhook "rev.validation.istio.io": failed to call webhook: ';
const post = 'Post "https://istiod.istio-system.svc:443/validate?timeout=10s": ';

describe("readAnswer()", () => {
  test("is content with a refusal by our own code", () => {
    const message =
      'admission webhook "rev.validation.istio.io" denied the request: \nPIL1003 VirtualService a/b at spec.hosts';
    expect(readAnswer(422, message, {})).toBeUndefined();
  });

  test.each([
    { hop: "configuration", status: 201, message: "" },
    { hop: "crds", status: 404, message: "404 page not found" },
    { hop: "rights", status: 403, message: 'virtualservices is forbidden: User "x" cannot create resource' },
    { hop: "service", status: 500, message: `${calling}${post}service "istiod" not found` },
    { hop: "endpoints", status: 500, message: `${calling}${post}no endpoints available for service "istiod"` },
    {
      hop: "dns",
      status: 500,
      message: `${calling}${post}dial tcp: lookup istiod.example on 10.0.0.2:53: no such host`,
    },
    { hop: "port", status: 500, message: `${calling}${post}dial tcp 10.0.0.3:15017: connect: connection refused` },
    { hop: "port", status: 500, message: `${calling}${post}dial tcp 10.0.0.3:15017: connect: no route to host` },
    {
      hop: "certificate",
      status: 500,
      message: `${calling}${post}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    },
    {
      hop: "certificate",
      status: 500,
      message: `${calling}${post}tls: failed to verify certificate: x509: certificate is valid for localhost, not istiod.mesh.svc`,
    },
    {
      hop: "certificate",
      status: 500,
      message: `${calling}${post}tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time`,
    },
    { hop: "time", status: 500, message: `${calling}${post}context deadline exceeded` },
    { hop: "webhook", status: 500, message: `${calling}the server could not find the requested resource` },
    { hop: "webhook", status: 500, message: `${calling}an error on the server ("oh no") has prevented the request` },
    { hop: "webhook", status: 500, message: `${calling}${post}EOF` },
    { hop: "webhook", status: 500, message: `${calling}couldn't get version/kind; json parse error: unexpected` },
    { hop: "unknown", status: 500, message: "etcdserver: leader changed" },
  ])("names the hop: $hop ($message)", ({ hop, status, message }) => {
    expect(readAnswer(status, message, {})).toMatchObject({ ok: false, hop, words: message });
  });
});

describe("selfTest()", () => {
  const answers = (message: string, endpoints: readonly object[]) => ({
    ask: async (method: string) => {
      return method === "GET"
        ? { status: 200, headers: {}, body: { items: [{ endpoints }] } }
        : { status: 500, headers: {}, body: { message } };
    },
  });
  const ready = { conditions: { ready: true } };
  const foreign = `${calling}${post}tls: failed to verify certificate: x509: certificate is valid for proxy.example, not istiod.istio-system.svc`;

  test.each([
    { hop: "endpoints", message: `${calling}${post}dial tcp 10.0.0.3:443: connect: connection refused`, endpoints: [] },
    { hop: "port", message: `${calling}${post}dial tcp 10.0.0.3:443: connect: connection refused`, endpoints: [ready] },
    { hop: "endpoints", message: foreign, endpoints: [{ conditions: { ready: false } }] },
    { hop: "certificate", message: foreign, endpoints: [ready] },
    { hop: "endpoints", message: `${calling}${post}EOF`, endpoints: [] },
  ])("looks who stands behind the Service: $hop", async ({ hop, message, endpoints }) => {
    const api = answers(message, endpoints);
    const found = await selfTest({ api, namespace: "istio-system", revision: "default", now: () => 0 });
    expect(found).toMatchObject({ ok: false, hop });
  });
});
