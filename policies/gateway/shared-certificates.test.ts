import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { sharedCertificates } from "./shared-certificates.ts";

const gateway = (name: string, tls: string, selector = "istio: edge") => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { ${selector} }
  servers: [{ port: { number: 443, name: https, protocol: HTTPS }, hosts: [${name}.example.com], tls: { ${tls} } }]`;
const files = "mode: SIMPLE, serverCertificate: /a.pem, privateKey: /a-key.pem";
const secret = "mode: SIMPLE, credentialName: all";

test.each([
  { name: "the same files", other: gateway("two", files), want: ["spec.servers[0].tls"] },
  { name: "another file", other: gateway("two", files.replace("/a.pem", "/b.pem")), want: [] },
  { name: "a certificate without its key", other: gateway("two", "mode: SIMPLE, serverCertificate: /a.pem"), want: [] },
  { name: "TLS that is passed on", other: gateway("two", "mode: PASSTHROUGH"), want: [] },
  { name: "a narrower selector", other: gateway("two", files, "istio: edge, zone: a"), want: ["spec.servers[0].tls"] },
  { name: "other pods", other: gateway("two", files, "istio: inner"), want: [] },
  { name: "itself", other: gateway("one", files), want: [] },
])("sharedCertificates judges $name", ({ other, want }) => {
  const world = worldOf(other);
  const findings = reviewBy([sharedCertificates], objectOf(gateway("one", files)), world, buildSnapshot(world));
  expect(findings.map(({ path }) => path)).toEqual(want);
});

test("sharedCertificates names all others, once", () => {
  const world = worldOf(gateway("two", secret), gateway("three", secret));
  const findings = reviewBy([sharedCertificates], objectOf(gateway("one", secret)), world, buildSnapshot(world));
  expect(findings.map(({ others }) => others.map(({ name }) => name).toSorted())).toEqual([["three", "two"]]);
});
