// CAs and the Secrets that hold them, for tests.
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { type Ca, createCa } from "../../../certs/ca.ts";
import { buildCertificate, type NewKeyPair, subjectOf } from "../../../certs/certificate.ts";
import { objectId, sequence, set, utf8 } from "../../../certs/der.ts";
import { caExtensions } from "../../../certs/extensions.ts";
import { PrivateKeyPem } from "../../../certs/private-key-pem.ts";
import type { JsonObject } from "../../../injector/json.ts";
import { newKeyPair } from "../../keys.ts";

/** When all of them were made. */
export const madeAtMs = Date.parse("2026-11-01T00:00:00Z");

export const newCa = (nowMs = madeAtMs, keys: NewKeyPair = newKeyPair): Ca =>
  createCa({ now: nowMs, newKeyPair: keys, trustDomain: "cluster.local" });

/** As openssl's tutorials make them. */
export const newRsaKeyPair: NewKeyPair = () => generateKeyPairSync("rsa", { modulusLength: 2_048 });

/** Each has a name of its own, else one that another one signed would look like its own root. */
let made = 0;

export interface IntermediateOptions {
  readonly nowMs?: number;
  readonly validForMs?: number;
  readonly keys?: NewKeyPair;
}

/** A CA whose certificate another CA signed, as people bring it in cacerts. */
export function intermediateOf(root: Ca, options: IntermediateOptions = {}): Ca {
  const { nowMs = madeAtMs, validForMs = 365 * 24 * 3_600_000, keys = newKeyPair } = options;
  const { publicKey, privateKey } = keys();
  const certificatePem = buildCertificate({
    issuer: subjectOf(root.certificatePem),
    subject: sequence(set(sequence(objectId("2.5.4.3"), utf8(`Intermediate CA ${++made}`)))),
    publicKey,
    notBeforeMs: nowMs - 1_000,
    notAfterMs: nowMs + validForMs,
    // All but the authority key identifier, which is a root's own.
    extensions: caExtensions(publicKey, "cluster.local").toSpliced(3, 1),
    signWith: createPrivateKey(root.privateKey.reveal()),
  });
  return {
    certificatePem,
    privateKey: new PrivateKeyPem(privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
  };
}

/** A Secret as the API server gives it. */
export function secret(name: string, texts: Readonly<Record<string, string>>): JsonObject {
  const data: Record<string, string> = {};
  for (const [key, text] of Object.entries(texts)) data[key] = Buffer.from(text).toString("base64");
  return { metadata: { namespace: "istio-system", name }, data };
}

/** What the control plane makes. */
export const own = (ca: Ca): JsonObject =>
  secret("pillion-ca", { "ca.crt": ca.certificatePem, "ca.key": ca.privateKey.reveal() });

/** What Istio's users bring; the chain is optional. */
export const brought = (ca: Ca, root: Ca, chain = ""): JsonObject =>
  secret("cacerts", {
    "ca-cert.pem": ca.certificatePem,
    "ca-key.pem": ca.privateKey.reveal(),
    "root-cert.pem": root.certificatePem,
    "cert-chain.pem": chain,
  });
