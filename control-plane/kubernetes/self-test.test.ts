import { describe, expect, test } from "vitest";
import { readAnswer } from "./self-test.ts";

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
