// What stands in a Secret, as a CA bundle: our own form (ca.crt, ca.key), and those that Istio's users bring in `cacerts`.
// @see https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
import { X509Certificate } from "node:crypto";
import { errorText, PillionError } from "../../base/error.ts";
import { type Ca, parseCa } from "../../certs/ca.ts";
import { type JsonObject, listAt, objectAt, textAt, textsAt } from "../../injector/json.ts";
import { type CaBundle, joinPem, splitPem } from "../ca-bundle.ts";

/** The Secret that the control plane makes, and the one that users bring, which wins. */
export const caSecrets = { own: "pillion-ca", brought: "cacerts" } as const;

/** A CA as a Secret holds it. */
export interface StoredCa extends CaBundle {
  /** The Secret's name. */
  readonly secret: string;
  /** When somebody wrote it last, in milliseconds since 1970: all replicas see the same. */
  readonly writtenAtMs: number;
}

/** The texts of a Secret's data by key. */
function secretTexts(secret: JsonObject): Readonly<Record<string, string>> {
  const entries = Object.entries(textsAt(secret, "data"));
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));
}

/** When a Secret was written last, by the API server's clock. */
function writtenAtMs(secret: JsonObject): number {
  const metadata = objectAt(secret, "metadata");
  const times = [metadata, ...listAt(metadata, "managedFields")].flatMap((part) => [
    Date.parse(textAt(part, "creationTimestamp")),
    Date.parse(textAt(part, "time")),
  ]);
  return Math.max(0, ...times.filter((time) => !Number.isNaN(time)));
}

/** A Secret for this CA. */
export function secretFor({ certificatePem, privateKey }: Ca, metadata: JsonObject): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata,
    stringData: { "ca.crt": certificatePem, "ca.key": privateKey.reveal() },
  };
}

/** Keys of the different ways to store a CA, by what they hold. */
const forms = [
  { certificate: "ca-cert.pem", key: "ca-key.pem", roots: "root-cert.pem", chain: "cert-chain.pem" },
  // Of type kubernetes.io/tls, as cert-manager writes it.
  { certificate: "tls.crt", key: "tls.key", roots: "ca.crt", chain: "tls.crt" },
  { certificate: "ca.crt", key: "ca.key", roots: "root-cert.pem", chain: "ca.crt" },
];

/**
 * The CA in a Secret; `now` in milliseconds since 1970.
 * @throws {PillionError} CA_UNUSABLE: something is missing, damaged, expired, or does not belong together.
 */
export function storedCa(secret: JsonObject, now: number): StoredCa {
  const metadata = objectAt(secret, "metadata");
  const [namespace, name] = [textAt(metadata, "namespace"), textAt(metadata, "name")];
  const texts = secretTexts(secret);
  const isBrought = name === caSecrets.brought;
  try {
    const form = forms.find(({ certificate, key }) => texts[certificate] !== undefined && texts[key] !== undefined);
    if (form === undefined) {
      const wanted = isBrought ? "ca-cert.pem, ca-key.pem, root-cert.pem" : "ca.crt, ca.key";
      throw new Error(`it has the keys ${Object.keys(texts).join(", ") || "(none)"}, and ${wanted} are needed`);
    }
    const [certificatePem = ""] = splitPem(texts[form.certificate] ?? "");
    const signing = parseCa({ certificatePem, privateKeyPem: texts[form.key] ?? "", now });
    const bundle = withPath(signing, splitPem(texts[form.roots] ?? ""), splitPem(texts[form.chain] ?? ""));
    return { ...bundle, secret: name, writtenAtMs: writtenAtMs(secret) };
  } catch (cause) {
    throw new PillionError("CA_UNUSABLE", {
      problem: `Secret ${namespace}/${name} can't be used: ${cause instanceof PillionError ? cause.problem : errorText(cause)}`,
      reason: "Workloads go on with the certificates that they have, and get no new ones",
      fix: isBrought
        ? "Correct it (a P-256 CA with the certificates up to a root), or delete it to use the control plane's own CA"
        : "Restore it from a backup, or delete it to have a new CA made",
      cause,
    });
  }
}

/** The way from the signing certificate to a root, which is sent to peers without its end. */
function withPath(signing: Ca, givenRoots: readonly string[], chain: readonly string[]): CaBundle {
  const own = new X509Certificate(signing.certificatePem);
  const isRoot = isSignedBy(own, own);
  // Of our own Secret the root is the certificate itself; more roots may stand beside it during a rotation.
  const roots = unique([...(isRoot ? [signing.certificatePem] : []), ...givenRoots]);
  const isTrusted = (certificate: X509Certificate): boolean =>
    roots.some((root) => isSignedBy(certificate, new X509Certificate(root)));
  const path: string[] = [];
  for (let at = own; !isRoot; ) {
    path.push(at.toString());
    if (isTrusted(at)) break;
    const next = chain.map((pem) => new X509Certificate(pem)).find((one) => isSignedBy(at, one));
    if (next === undefined || path.length > chain.length) {
      throw new Error("its certificate does not lead to a root: root-cert.pem or a link in cert-chain.pem is missing");
    }
    at = next;
  }
  return { signing, intermediatesPem: joinPem(path), roots };
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The same certificates once each, in their order; different line breaks make no difference. */
export function unique(certificates: readonly string[]): readonly string[] {
  const seen = new Map(certificates.map((pem) => [new X509Certificate(pem).fingerprint256, pem]));
  return [...seen.values()].map((pem) => joinPem([pem]));
}
