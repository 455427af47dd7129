import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fixedCa } from "./ca-bundle.ts";
import { rotateCa, spreadMs } from "./kubernetes/ca-rotation.ts";
import { storedCa } from "./kubernetes/stored-ca.ts";
import { madeAtMs, newCa, own } from "./kubernetes/testing/ca-secrets.ts";
import { manualClock } from "./kubernetes/testing/manual-clock.ts";
import { createServingCertificate, servingNames } from "./serving-certificate.ts";

const { signal } = new AbortController();
const namesOf = (pem: string): string => String(new X509Certificate(pem).subjectAltName);

describe("createServingCertificate()", () => {
  test("holds the names that the API server and proxies dial, by the cluster's own domain", () => {
    const hosts = () => servingNames("istiod-canary", "mesh", "corp.example");
    const { clock } = manualClock(madeAtMs);
    const certificate = createServingCertificate(fixedCa(newCa()), hosts, clock, signal);
    expect(namesOf(certificate.current().certificateChainPem)).toMatch(
      /^DNS:istiod-canary\.mesh\.svc, DNS:istiod-canary\.mesh, DNS:istiod-canary\.mesh\.svc\.corp\.example, DNS:localhost, /,
    );
  });

  test("is renewed when the names change, and not before", () => {
    let domain = "cluster.local";
    const { clock } = manualClock(madeAtMs);
    const hosts = () => servingNames("istiod", "istio-system", domain);
    const certificate = createServingCertificate(fixedCa(newCa()), hosts, clock, signal);
    const first = certificate.current();
    certificate.refresh();
    expect(certificate.current()).toBe(first);
    domain = "corp.example";
    certificate.refresh();
    expect(namesOf(certificate.current().certificateChainPem)).toContain("istiod.istio-system.svc.corp.example");
  });

  test("follows the CA as soon as another one signs", () => {
    const [old, fresh] = [newCa(), newCa()];
    const { clock, goTo } = manualClock(madeAtMs);
    const stored = storedCa(own(old), madeAtMs);
    const rotation = rotateCa({ stored, former: { roots: [], sinceMs: 0 }, clock }, signal);
    const certificate = createServingCertificate(rotation, () => ["istiod"], clock, signal);
    const isBy = ({ certificatePem }: typeof old): boolean =>
      new X509Certificate(certificate.current().certificateChainPem).verify(
        new X509Certificate(certificatePem).publicKey,
      );
    rotation.offer(storedCa(own(fresh), madeAtMs));
    expect([isBy(old), isBy(fresh)]).toEqual([true, false]);
    goTo(madeAtMs + spreadMs);
    expect([isBy(old), isBy(fresh)]).toEqual([false, true]);
  });
});
