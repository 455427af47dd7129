import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { errorText } from "../../base/error.ts";
import type { JsonObject } from "../../injector/json.ts";
import { issueFrom } from "../ca-bundle.ts";
import { newKeyPair } from "../keys.ts";
import { secretFor, storedCa } from "./stored-ca.ts";
import { brought, intermediateOf, madeAtMs, newCa, own, secret } from "./testing/ca-secrets.ts";

const dayMs = 24 * 3_600_000;
const root = newCa();
const ca = intermediateOf(root);

describe("storedCa()", () => {
  test("reads what secretFor() writes", () => {
    const { stringData } = secretFor(root, {});
    const texts = Object.fromEntries(Object.entries(stringData ?? {}).map(([key, text]) => [key, String(text)]));
    const read = storedCa(secret("pillion-ca", texts), madeAtMs);
    expect(read.signing.certificatePem).toBe(root.certificatePem);
    expect(read).toMatchObject({ intermediatesPem: "", roots: [root.certificatePem] });
  });

  const asIstioWritesIt = brought(ca, root, ca.certificatePem + root.certificatePem);
  const asCertManagerWritesIt = secret("cacerts", {
    "tls.crt": ca.certificatePem,
    "tls.key": ca.privateKey.reveal(),
    "ca.crt": root.certificatePem,
  });
  test.each([
    { name: "Istio writes it", given: asIstioWritesIt },
    { name: "Istio writes it, without a chain", given: brought(ca, root) },
    { name: "cert-manager writes it", given: asCertManagerWritesIt },
  ])("sends the way to the root along where the CA is not a root itself, as $name", ({ given }) => {
    const bundle = storedCa(given, madeAtMs);
    expect(bundle.roots).toEqual([root.certificatePem]);
    const { certificateChainPem } = issueFrom(bundle, { now: madeAtMs, newKeyPair, dnsNames: ["web"] });
    const [leaf, signer, more] = certificateChainPem
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem));
    expect(more).toBeUndefined();
    expect(leaf?.verify(new X509Certificate(ca.certificatePem).publicKey)).toBe(true);
    expect(signer?.verify(new X509Certificate(root.certificatePem).publicKey)).toBe(true);
  });

  test("finds links between the CA and the root in the chain", () => {
    const lower = intermediateOf(ca);
    const bundle = storedCa(brought(lower, root, ca.certificatePem), madeAtMs);
    expect(bundle.intermediatesPem).toBe(lower.certificatePem + ca.certificatePem);
  });

  test("trusts every root that was brought, and sends no path where the CA is one of them", () => {
    const other = newCa();
    const both = { ...root, certificatePem: root.certificatePem + other.certificatePem };
    const bundle = storedCa(brought(root, both), madeAtMs);
    expect(bundle).toMatchObject({ intermediatesPem: "", roots: [root.certificatePem, other.certificatePem] });
  });
});

describe("storedCa() refuses", () => {
  const without = (key: string): JsonObject => {
    const { metadata, data } = brought(ca, root);
    const left = Object.entries(data as JsonObject).filter(([one]) => one !== key); // The fixture makes an object.
    return { metadata: metadata ?? null, data: Object.fromEntries(left) };
  };
  const encrypted = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-128-cbc", passphrase: "secret" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
  const leaf = issueFrom(storedCa(own(root), madeAtMs), { now: madeAtMs, newKeyPair, dnsNames: ["web"] });
  const broughtWith = (changes: Readonly<Record<string, string>>): JsonObject =>
    secret("cacerts", {
      "ca-cert.pem": ca.certificatePem,
      "ca-key.pem": ca.privateKey.reveal(),
      "root-cert.pem": root.certificatePem,
      ...changes,
    });
  const longAgo = intermediateOf(root, { validForMs: dayMs });
  const broken = ca.certificatePem.replace(/\n.{8}/, "\nAAAAAAAA");
  const lower = intermediateOf(longAgo);

  test.each([
    {
      name: "no key at all",
      given: secret("cacerts", {}),
      says: "ca-cert.pem and ca-key.pem and root-cert.pem are missing (keys that are there: none)",
    },
    {
      name: "a missing key",
      given: without("ca-key.pem"),
      says: "ca-key.pem is missing (keys that are there: ca-cert.pem, cert-chain.pem, root-cert.pem)",
    },
    { name: "a missing root", given: without("root-cert.pem"), says: "root-cert.pem is missing" },
    {
      name: "half of cert-manager's form",
      given: secret("cacerts", { "tls.crt": "x" }),
      says: "tls.key and ca.crt are missing",
    },
    {
      name: "a certificate that is no PEM",
      given: broughtWith({ "ca-cert.pem": "x" }),
      says: "the certificate cannot be read: it is not PEM with BEGIN CERTIFICATE (ca-cert.pem, ca-key.pem)",
    },
    {
      name: "a key that is no PEM",
      given: broughtWith({ "ca-key.pem": "x" }),
      says: "the key cannot be read: it is not PEM",
    },
    { name: "an encrypted key", given: broughtWith({ "ca-key.pem": encrypted }), says: "the key is encrypted" },
    {
      name: "another's key",
      given: broughtWith({ "ca-key.pem": root.privateKey.reveal() }),
      says: "the key does not belong to the certificate (ca-cert.pem, ca-key.pem)",
    },
    {
      name: "a certificate that is no CA's",
      given: broughtWith({ "ca-cert.pem": leaf.certificateChainPem, "ca-key.pem": leaf.privateKey.reveal() }),
      says: "the certificate is not that of a CA",
    },
    {
      name: "an expired CA",
      given: brought(longAgo, root),
      at: madeAtMs + 2 * dayMs,
      says: "the certificate expired on Nov  2",
    },
    {
      name: "an expired link",
      given: brought(lower, root, longAgo.certificatePem),
      at: madeAtMs + 2 * dayMs,
      says: '" in cert-chain.pem expired on Nov  2',
    },
    {
      name: "a root that is no PEM",
      given: broughtWith({ "root-cert.pem": "x" }),
      says: "root-cert.pem holds no certificate",
    },
    {
      name: "a damaged root",
      given: broughtWith({ "root-cert.pem": broken }),
      says: "root-cert.pem holds a certificate that is damaged",
    },
    {
      name: "a foreign root",
      given: brought(ca, newCa()),
      says: "does not lead to a root: its issuer (O=cluster.local, CN=Pillion root CA) is not in root-cert.pem",
    },
    {
      name: "a missing link",
      given: brought(intermediateOf(ca), root, ca.certificatePem.replace(ca.certificatePem, root.certificatePem)),
      says: "is not in root-cert.pem or a link in cert-chain.pem",
    },
    {
      name: "a root of its own that is not trusted",
      given: brought(root, newCa()),
      says: "the certificate is a root that root-cert.pem does not hold",
    },
    {
      name: "rubbish in our own Secret",
      given: secret("pillion-ca", { "ca.crt": "x", "ca.key": "y" }),
      says: "pillion-ca can't be used: the certificate cannot be read",
    },
    { name: "an intermediate in our own Secret", given: own(ca), says: "ca.crt is not a root" },
  ])("$name, in one line that shows no key", ({ given, says, at = madeAtMs }) => {
    let message = "nothing";
    try {
      storedCa(given, at);
    } catch (thrown) {
      message = errorText(thrown);
    }
    expect(message).toContain(says);
    expect(message).toMatch(/^CA_UNUSABLE: Secret istio-system\/(cacerts|pillion-ca) can't be used: [^\n]+$/);
    for (const { privateKey } of [ca, root, leaf]) {
      expect(message).not.toContain(privateKey.reveal().split("\n")[1]);
    }
  });
});
