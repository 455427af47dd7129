import { spawnSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PillionError } from "../base/error.ts";
import { type Ca, createCa, issue, parseCa } from "./ca.ts";
import { fingerprint } from "./certificate.ts";
import { isFresh, renewAtMs, svidVersion } from "./renewal.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.UTC(2026, 0, 1);
const hourMs = 3_600_000;
const newCa = (trustDomain = "cluster.local"): Ca => createCa({ now, newKeyPair, trustDomain });
const spiffe = "spiffe://cluster.local/ns/shop/sa/reviews";

/** What the openssl program says about a leaf, at the time `now`. */
function openssl(root: string, leaf: string, ...purpose: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "pillion-certs-"));
  try {
    writeFileSync(join(folder, "root.pem"), root);
    writeFileSync(join(folder, "leaf.pem"), leaf);
    const at = ["-attime", String(now / 1_000 + 60), "-x509_strict", "-check_ss_sig"];
    const result = spawnSync("openssl", ["verify", "-CAfile", "root.pem", ...at, ...purpose, "leaf.pem"], {
      cwd: folder,
    });
    return `${result.stdout.toString()}${result.stderr.toString()}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

test("createCa() makes a P-256 root for ten years that names its trust domain", () => {
  const root = new X509Certificate(newCa("example.org").certificatePem);
  expect(root.ca).toBe(true);
  expect(root.verify(root.publicKey)).toBe(true);
  expect(root.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  expect(root.subject).toBe("O=example.org\nCN=Pillion root CA");
  expect(root.subjectAltName).toBe("URI:spiffe://example.org");
  expect(Date.parse(root.validTo) - now).toBe(3_650 * 24 * hourMs);
});

test("issue() makes an SVID: one critical SPIFFE name, no subject, server and client, a day", () => {
  const ca = newCa();
  const issued = issue(ca, { spiffe, now, newKeyPair });
  const leaf = new X509Certificate(issued.certificateChainPem);
  const root = new X509Certificate(ca.certificatePem);
  expect(leaf.subject).toBeUndefined();
  expect(leaf.subjectAltName).toBe(`URI:${spiffe}`);
  expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  expect(leaf.ca).toBe(false);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.checkPrivateKey(createPrivateKey(issued.privateKey.reveal()))).toBe(true);
  expect(issued.notAfterMs).toBe(now + 24 * hourMs);
  expect(Date.parse(leaf.validTo)).toBe(issued.notAfterMs);
});

test("issue() makes a serving certificate for DNS names and addresses, for servers only", () => {
  const dnsNames = ["pillion.istio-system.svc", "localhost"];
  const ipAddresses = ["127.0.0.1", "fd00::1:2", "::ffff:10.0.0.1"];
  const issued = issue(newCa(), { dnsNames, ipAddresses, now, validForSeconds: 60, newKeyPair });
  const leaf = new X509Certificate(issued.certificateChainPem);
  expect(leaf.checkHost("localhost")).toBe("localhost");
  expect(leaf.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(leaf.subjectAltName).toContain("IP Address:FD00:0:0:0:0:0:1:2");
  expect(leaf.subjectAltName).toContain("IP Address:0:0:0:0:0:FFFF:A00:1");
  expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
});

test("issue() never promises more than the CA's own lifetime", () => {
  const ca = newCa();
  const lateMs = Date.parse(new X509Certificate(ca.certificatePem).validTo) - 1_000;
  expect(issue(ca, { spiffe, now: lateMs, newKeyPair }).notAfterMs).toBe(lateMs + 1_000);
});

test.runIf(hasOpenssl)(
  "issue() makes certificates that openssl accepts by its strict rules, and only under their own CA",
  () => {
    const ca = newCa();
    const svid = issue(ca, { spiffe, now, newKeyPair }).certificateChainPem;
    expect(openssl(ca.certificatePem, svid, "-purpose", "sslclient")).toBe("leaf.pem: OK\n");
    expect(openssl(ca.certificatePem, svid, "-purpose", "sslserver")).toBe("leaf.pem: OK\n");
    expect(openssl(newCa().certificatePem, svid)).toContain("verification failed");
    const server = issue(ca, { dnsNames: ["a.example"], now, newKeyPair }).certificateChainPem;
    expect(openssl(ca.certificatePem, server, "-verify_hostname", "a.example")).toBe("leaf.pem: OK\n");
    expect(openssl(ca.certificatePem, server, "-verify_hostname", "b.example")).toContain("hostname mismatch");
  },
);

test("issue() encodes whatever key it is given", () => {
  const ca = newCa();
  const root = new X509Certificate(ca.certificatePem);
  for (let round = 0; round < 50; round++) {
    const leaf = new X509Certificate(issue(ca, { spiffe, now, newKeyPair }).certificateChainPem);
    expect([leaf.verify(root.publicKey), leaf.checkIssued(root)]).toEqual([true, true]);
  }
});

test("parseCa() gives back what createCa() made, and says what is wrong with anything else", () => {
  const ca = newCa();
  const stored = { certificatePem: ca.certificatePem, privateKeyPem: ca.privateKey.reveal(), now };
  expect(fingerprint(parseCa(stored).certificatePem)).toBe(fingerprint(ca.certificatePem));
  const leaf = issue(ca, { spiffe, now, newKeyPair });
  const damaged = stored.privateKeyPem.replace(/(BEGIN PRIVATE KEY-----\n).{20}/, "$1AAAAAAAAAAAAAAAAAAAA");
  const broken = [
    {
      given: { ...stored, certificatePem: "no certificate" },
      problem: "the certificate cannot be read: it is not PEM",
    },
    { given: { ...stored, privateKeyPem: "no key" }, problem: "the key cannot be read: it is not PEM" },
    { given: { ...stored, privateKeyPem: damaged }, problem: "the key cannot be read: what stands after" },
    { given: { ...stored, privateKeyPem: leaf.privateKey.reveal() }, problem: "does not belong to the certificate" },
    {
      given: { ...stored, certificatePem: leaf.certificateChainPem, privateKeyPem: leaf.privateKey.reveal() },
      problem: "not that of a CA",
    },
    { given: { ...stored, now: now + 3_651 * 24 * hourMs }, problem: "expired on" },
    { given: { ...stored, now: now - hourMs }, problem: "not valid before" },
  ];
  for (const { given, problem } of broken) {
    expect(() => parseCa(given)).toThrow(PillionError);
    expect(() => parseCa(given)).toThrow(problem);
    const key = given.privateKeyPem.split("\n")[1] ?? "none";
    expect(() => parseCa(given)).not.toThrow(key);
  }
});

test("PrivateKeyPem shows itself to nobody", () => {
  const { privateKey } = newCa();
  expect(privateKey.reveal()).toContain("PRIVATE KEY");
  expect([privateKey.toString(), JSON.stringify({ privateKey }), inspect({ privateKey })].join()).not.toContain(
    "KEY-----",
  );
});

test("renewAtMs() is before half-life, whatever the jitter", () => {
  const issued = issue(newCa(), { spiffe, now, newKeyPair });
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (jitter) => {
      const atMs = renewAtMs(issued, jitter);
      expect(atMs).toBeGreaterThan(now + 9 * hourMs);
      expect(atMs).toBeLessThan(now + 12 * hourMs);
    }),
  );
});

test("renewAtMs() leaves a minute, also where a CA that ends leaves no lifetime", () => {
  const ca = newCa();
  const endMs = Date.parse(new X509Certificate(ca.certificatePem).validTo);
  for (const at of [endMs - 1_000, endMs, endMs + hourMs]) {
    const issued = issue(ca, { spiffe, now: at, newKeyPair });
    expect(renewAtMs(issued, 0) - at).toBe(60_000);
  }
});

test.each([
  { name: "a certificate just issued", ageHours: 0, want: true },
  { name: "one with more than half of its life before it", ageHours: 11, want: true },
  { name: "one at half-life", ageHours: 12, want: false },
])("isFresh() of $name is $want", ({ ageHours, want }) => {
  const issued = issue(newCa(), { spiffe, now, newKeyPair });
  const current = { caFingerprint: issued.caFingerprint, now: now + ageHours * hourMs, validForSeconds: 86_400 };
  expect(isFresh(svidVersion(issued), current)).toBe(want);
  expect(isFresh(svidVersion(issued), { ...current, caFingerprint: "another" })).toBe(false);
});
