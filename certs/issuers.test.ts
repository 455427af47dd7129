// CAs as people bring them, made by the openssl program: an intermediate below a root, each with a key of some kind.
import { spawnSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issue, parseCa } from "./ca.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const now = Date.now();
const spiffe = "spiffe://cluster.local/ns/shop/sa/reviews";

/** Finding the primes of a long key takes a busy machine some seconds. */
const patientMs = 30_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pillion-issuers-"));
  if (!hasOpenssl) return;
  openssl("genrsa", "-out", "root.key", "2048");
  openssl(
    "req",
    "-x509",
    "-new",
    "-key",
    "root.key",
    "-days",
    "30",
    "-subj",
    "/O=Istio/CN=Root CA",
    "-out",
    "root.crt",
  );
}, patientMs);
afterAll(() => rmSync(folder, { recursive: true }));

/** What openssl says; fails with its words. */
function openssl(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}
const text = (file: string): string => readFileSync(join(folder, file), "utf8");

/** ca.crt with ca.key below root.crt, the key made by `makeKey`. */
function makeCa(makeKey: readonly string[], extensions = ""): void {
  openssl(...makeKey, "-out", "ca.key");
  openssl("req", "-new", "-key", "ca.key", "-subj", "/O=Istio/CN=Intermediate CA/L=cluster1", "-out", "ca.csr");
  writeFileSync(
    join(folder, "ca.ext"),
    `basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,digitalSignature,keyCertSign\n${extensions}`,
  );
  const signed = ["x509", "-req", "-in", "ca.csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial"];
  openssl(...signed, "-sha256", "-days", "20", "-extfile", "ca.ext", "-out", "ca.crt");
}

describe.runIf(hasOpenssl)("parseCa() and issue()", () => {
  const keyId = "subjectKeyIdentifier=hash";
  test.each([
    {
      name: "RSA 2048, PKCS #1",
      key: ["genrsa", "-traditional"],
      label: "RSA PRIVATE KEY",
      algorithm: "sha256WithRSA",
    },
    {
      name: "RSA 3072, PKCS #8",
      key: ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
      label: "PRIVATE KEY",
      algorithm: "sha256WithRSA",
    },
    {
      name: "P-256, SEC 1 behind its parameters",
      key: ["ecparam", "-name", "prime256v1", "-genkey"],
      label: "EC PARAMETERS",
      algorithm: "ecdsa-with-SHA256",
    },
    {
      name: "P-384, PKCS #8",
      key: ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
      label: "PRIVATE KEY",
      algorithm: "ecdsa-with-SHA384",
    },
    {
      name: "RSA without a key identifier",
      key: ["genrsa", "-traditional"],
      label: "RSA PRIVATE KEY",
      algorithm: "sha256WithRSA",
      extensions: "subjectKeyIdentifier=none",
    },
  ])("work with a CA key of $name", { timeout: patientMs }, ({ key, label, algorithm, extensions = keyId }) => {
    makeCa(key, extensions);
    expect(text("ca.key")).toContain(`-----BEGIN ${label}-----`);
    const ca = parseCa({ certificatePem: text("ca.crt"), privateKeyPem: text("ca.key"), now });
    const issued = issue(ca, { spiffe, now, newKeyPair });
    const leaf = new X509Certificate(issued.certificateChainPem);
    const issuer = new X509Certificate(text("ca.crt"));
    expect([leaf.checkIssued(issuer), leaf.verify(issuer.publicKey)]).toEqual([true, true]);
    expect(leaf.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(leaf.checkPrivateKey(createPrivateKey(issued.privateKey.reveal()))).toBe(true);
    writeFileSync(join(folder, "leaf.crt"), issued.certificateChainPem);
    const verify = ["verify", "-check_ss_sig", "-CAfile", "root.crt", "-untrusted", "ca.crt"];
    for (const purpose of ["sslserver", "sslclient"]) {
      expect(openssl(...verify, "-purpose", purpose, "leaf.crt")).toBe("leaf.crt: OK\n");
    }
    expect(openssl("x509", "-in", "leaf.crt", "-noout", "-text")).toContain(`Signature Algorithm: ${algorithm}`);
  });

  test.each([
    {
      name: "a short RSA key",
      key: ["genrsa", "-traditional"],
      bits: ["1024"],
      says: "the key (RSA, 1024 bits) is neither",
    },
    { name: "P-521", key: ["ecparam", "-name", "secp521r1", "-genkey"], bits: [], says: "the key (EC, secp521r1)" },
    { name: "Ed25519", key: ["genpkey", "-algorithm", "ed25519"], bits: [], says: "the key (ed25519)" },
    {
      name: "an encrypted PKCS #1 key",
      key: ["genrsa", "-traditional", "-aes128", "-passout", "pass:secret"],
      bits: ["2048"],
      says: "the key is encrypted",
    },
    {
      name: "an encrypted PKCS #8 key",
      key: ["genpkey", "-algorithm", "RSA", "-aes-128-cbc", "-pass", "pass:secret"],
      bits: [],
      says: "the key is encrypted",
    },
  ])("refuse $name", { timeout: patientMs }, ({ key, bits, says }) => {
    openssl(...key, "-out", "ca.key", ...bits);
    const subject = ["-passin", "pass:secret", "-subj", "/CN=CA", "-out", "ca.crt"];
    openssl("req", "-x509", "-new", "-key", "ca.key", ...subject);
    const stored = { certificatePem: text("ca.crt"), privateKeyPem: text("ca.key"), now };
    expect(() => parseCa(stored)).toThrow(says);
  });
});
