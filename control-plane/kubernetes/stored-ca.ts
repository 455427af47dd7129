// What stands in a Secret, as a CA bundle: our own form (ca.crt, ca.key), and those that Istio's users bring in `cacerts`.
// @see https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
import { X509Certificate } from "node:crypto";
import { PillionError } from "../../base/error.ts";
import { type Ca, parseCa } from "../../certs/ca.ts";
import { type JsonObject, objectAt, textAt, textsAt } from "../../injector/json.ts";
import { type CaBundle, joinPem, settled, splitPem } from "../ca-bundle.ts";
import { certificateFile, isSignedBy, pathToRoot } from "./ca-path.ts";

/** The Secret that the control plane makes, and the one that users bring, which wins. */
export const caSecrets = { own: "pillion-ca", brought: "cacerts" } as const;

/** A CA as a Secret holds it. */
export interface StoredCa extends CaBundle {
  /** The Secret's name. */
  readonly secret: string;
}

/** The texts of a Secret's data by key. */
function secretTexts(secret: JsonObject): Readonly<Record<string, string>> {
  const entries = Object.entries(textsAt(secret, "data"));
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));
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

/** Our own form. The certificate is a root; others may stand beside it. */
const ownForm = { certificate: "ca.crt", key: "ca.key", roots: "root-cert.pem" };
/** Istio's, and cert-manager's (type kubernetes.io/tls). The first that is there counts. */
const broughtForms = [
  { certificate: "ca-cert.pem", key: "ca-key.pem", roots: "root-cert.pem", chain: "cert-chain.pem" },
  { certificate: "tls.crt", key: "tls.key", roots: "ca.crt", chain: "tls.crt" },
] as const;

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
    const bundle = isBrought ? broughtCa(texts, now) : ownCa(texts, now);
    return { ...bundle, secret: name };
  } catch (thrown) {
    // Its causes would say the same again, or show what stands in a key.
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    throw new PillionError("CA_UNUSABLE", {
      problem: `Secret ${namespace}/${name} can't be used: ${problem}`,
      reason:
        "No other CA takes its place: a control plane that runs goes on with the one it has, one that starts waits",
      fix: isBrought
        ? "Mend the Secret, or delete it to use the control plane's own CA; either is noticed without a restart"
        : "Restore the Secret from a backup, or delete it to have a new CA made; either is noticed without a restart",
    });
  }
}

type Texts = Readonly<Record<string, string>>;

function broughtCa(texts: Texts, now: number): CaBundle {
  const form = broughtForms.find(({ certificate, key }) => certificate in texts || key in texts) ?? broughtForms[0];
  assertPresent(texts, [form.certificate, form.key, form.roots]);
  const signing = signingCa(texts, form, now);
  const roots = certificateFile(form.roots, texts[form.roots] ?? "");
  const chain = isPresent(texts, form.chain) ? certificateFile(form.chain, texts[form.chain] ?? "") : undefined;
  const path = pathToRoot(new X509Certificate(signing.certificatePem), { roots, chain }, now);
  return {
    ...settled,
    signing,
    intermediatesPem: joinPem(path.map(String)),
    roots: unique(roots.certificates.map(String)),
  };
}

function ownCa(texts: Texts, now: number): CaBundle {
  assertPresent(texts, [ownForm.certificate, ownForm.key]);
  const signing = signingCa(texts, ownForm, now);
  const own = new X509Certificate(signing.certificatePem);
  if (!isSignedBy(own, own)) throw new Error("ca.crt is not a root; a CA below a root belongs into the Secret cacerts");
  const others = isPresent(texts, ownForm.roots)
    ? certificateFile(ownForm.roots, texts[ownForm.roots] ?? "")
    : undefined;
  const roots = unique([signing.certificatePem, ...(others?.certificates ?? []).map(String)]);
  return { ...settled, signing, intermediatesPem: "", roots };
}

const isPresent = (texts: Texts, key: string): boolean => (texts[key] ?? "").trim() !== "";

function assertPresent(texts: Texts, keys: readonly string[]): void {
  const missing = keys.filter((key) => !isPresent(texts, key));
  if (missing.length === 0) return;
  const present = Object.keys(texts).toSorted().join(", ") || "none";
  throw new Error(
    `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing (keys that are there: ${present})`,
  );
}

/** The certificate and its key, with the keys of the Secret named when they are wrong. */
function signingCa(
  texts: Texts,
  { certificate, key }: { readonly certificate: string; readonly key: string },
  now: number,
): Ca {
  const [certificatePem = texts[certificate] ?? ""] = splitPem(texts[certificate] ?? "");
  try {
    return parseCa({ certificatePem, privateKeyPem: texts[key] ?? "", now });
  } catch (thrown) {
    if (!(thrown instanceof PillionError)) throw thrown;
    throw new Error(`${thrown.problem} (${certificate}, ${key})`, { cause: thrown });
  }
}

/** The same certificates once each, in their order; different line breaks make no difference. */
export function unique(certificates: readonly string[]): readonly string[] {
  const seen = new Map(certificates.map((pem) => [new X509Certificate(pem).fingerprint256, pem]));
  return [...seen.values()].map((pem) => joinPem([pem]));
}
