// The mesh's certificate authority, made here (a P-256 root) or brought by the user (RSA or EC): its certificates say who a workload is.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { assert } from "../base/assert.ts";
import { PillionError } from "../base/error.ts";
import { buildCertificate, fingerprint, type NewKeyPair, subjectOf } from "./certificate.ts";
import { objectId, sequence, set, utf8 } from "./der.ts";
import { type AlternativeNames, caExtensions, keyIdentifierOf, leafExtensions } from "./extensions.ts";
import { PrivateKeyPem } from "./private-key-pem.ts";
import { describeKey, signatureAlgorithm } from "./signature.ts";

export interface Ca {
  readonly certificatePem: string;
  readonly privateKey: PrivateKeyPem;
}

/** A certificate with its key, for a workload or a server. */
export interface Issued {
  /** Leaf first. The root is not in it: whoever trusts it has it. */
  readonly certificateChainPem: string;
  readonly privateKey: PrivateKeyPem;
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
  /** {@link fingerprint} of the CA that signed it. */
  readonly caFingerprint: string;
}

/** What {@link issue} is asked for: at least one name. */
export interface IssueRequest extends AlternativeNames {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** 24 h by default; never longer than the CA itself. */
  readonly validForSeconds?: number;
  readonly newKeyPair: NewKeyPair;
}

const yearMs = 365 * 24 * 3_600_000;
const defaultValidForSeconds = 24 * 3_600;
/** Peers whose clocks are a little behind must take a certificate that was made just now. */
const clockSkewMs = 120_000;

/** A new root for this trust domain, good for ten years. `now` is milliseconds since 1970. */
export function createCa(options: {
  readonly now: number;
  readonly newKeyPair: NewKeyPair;
  readonly trustDomain: string;
}): Ca {
  const { publicKey, privateKey } = options.newKeyPair();
  const name = sequence(
    set(sequence(objectId("2.5.4.10"), utf8(options.trustDomain))),
    set(sequence(objectId("2.5.4.3"), utf8("Pillion root CA"))),
  );
  const certificatePem = buildCertificate({
    issuer: name,
    subject: name,
    publicKey,
    notBeforeMs: options.now - clockSkewMs,
    notAfterMs: options.now + 10 * yearMs,
    extensions: caExtensions(publicKey, options.trustDomain),
    signWith: privateKey,
  });
  return { certificatePem, privateKey: keyPem(privateKey) };
}

/**
 * A CA from what was stored: RSA of 2048 bits or more, or EC on P-256 or P-384; the key as PKCS #8, PKCS #1 or SEC 1.
 * @throws PillionError CA_UNUSABLE when it is no CA, is not valid now, or key and certificate do not belong together.
 */
export function parseCa(stored: {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly now: number;
}): Ca {
  const certificate = readCertificate(stored.certificatePem);
  const key = readKey(stored.privateKeyPem);
  if (!certificate.checkPrivateKey(key)) throw unusable("the key does not belong to the certificate");
  if (!certificate.ca) throw unusable("the certificate is not that of a CA (CA:TRUE, keyCertSign)");
  if (Date.parse(certificate.validTo) <= stored.now)
    throw unusable(`the certificate expired on ${certificate.validTo}`);
  if (Date.parse(certificate.validFrom) > stored.now + clockSkewMs) {
    throw unusable(`the certificate is not valid before ${certificate.validFrom}`);
  }
  if (signatureAlgorithm(key) === undefined) {
    throw unusable(`the key (${describeKey(key)}) is neither RSA of 2048 bits or more nor EC on P-256 or P-384`);
  }
  const privateKey = keyPem(key);
  return { certificatePem: stored.certificatePem, privateKey };
}

function readCertificate(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw unusable("the certificate cannot be read: it is not PEM with BEGIN CERTIFICATE", cause);
  }
}

/** What the failed reading says is not passed on: it is about a key. */
function readKey(text: string): KeyObject {
  const label = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----/.exec(text)?.[1];
  if (label === undefined) throw unusable("the key cannot be read: it is not PEM with BEGIN PRIVATE KEY");
  if (label.startsWith("ENCRYPTED") || text.includes("Proc-Type: 4,ENCRYPTED")) {
    throw unusable("the key is encrypted, and nobody is there to type its passphrase");
  }
  // openssl ecparam writes the curve before the key, which says it again.
  const [keyText = ""] = text.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/) ?? [];
  try {
    return createPrivateKey(keyText);
  } catch {
    throw unusable(`the key cannot be read: what stands after BEGIN ${label} is damaged`);
  }
}

function unusable(problem: string, cause?: unknown): PillionError {
  return new PillionError("CA_UNUSABLE", {
    problem,
    reason: "No workload could prove who it is",
    fix: "Put a CA certificate with its key there (RSA, or EC on P-256 or P-384), or remove both to have a new CA made",
    cause,
  });
}

/** A fresh key with a certificate by `ca`: an SVID when `spiffe` is given (server and client), else for a server only. */
export function issue(ca: Ca, request: IssueRequest): Issued {
  const count = (request.dnsNames?.length ?? 0) + (request.ipAddresses?.length ?? 0);
  assert(request.spiffe !== undefined || count > 0, "a certificate is issued for at least one name");
  const issuer = new X509Certificate(ca.certificatePem);
  const { publicKey, privateKey } = request.newKeyPair();
  const lifetimeMs = (request.validForSeconds ?? defaultValidForSeconds) * 1_000;
  // Certificates count in whole seconds.
  const notAfterMs = Math.floor(Math.min(request.now + lifetimeMs, Date.parse(issuer.validTo)) / 1_000) * 1_000;
  const certificateChainPem = buildCertificate({
    issuer: subjectOf(ca.certificatePem),
    subject: sequence(),
    publicKey,
    notBeforeMs: request.now - clockSkewMs,
    notAfterMs,
    extensions: leafExtensions(publicKey, keyIdentifierOf(issuer), request),
    signWith: createPrivateKey(ca.privateKey.reveal()),
  });
  return {
    certificateChainPem,
    privateKey: keyPem(privateKey),
    issuedAtMs: request.now,
    notAfterMs,
    caFingerprint: fingerprint(ca.certificatePem),
  };
}

/** The public half of the CA's key, which verifies tokens that the CA signed. */
export function caPublicKey(ca: Pick<Ca, "certificatePem">): KeyObject {
  return new X509Certificate(ca.certificatePem).publicKey;
}

function keyPem(key: KeyObject): PrivateKeyPem {
  return new PrivateKeyPem(key.export({ type: "pkcs8", format: "pem" }).toString());
}
