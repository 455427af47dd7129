// The certificates that proxies ask for over their stream: one for each identity, renewed before half of its life has passed.
import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Issued } from "../certs/ca.ts";
import { fingerprint } from "../certs/certificate.ts";
import { expiryOf, isFresh, renewAtMs, svidVersion } from "../certs/renewal.ts";
import { rootSecret, workloadSecret } from "../envoy/names.ts";
import { SecretSchema } from "../envoy/proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { type EncodedResource, typeUrls } from "../envoy/resource.ts";
import { type CaSource, issueFrom, rootsPem, rootsVersion } from "./ca-bundle.ts";
import type { Clock } from "./clock.ts";
import { newKeyPair } from "./keys.ts";

/** What xds/ asks for. */
export interface WorkloadSecrets {
  get(
    owner: { readonly identity: string },
    name: string,
    heldVersion: string | undefined,
  ): EncodedResource | "unchanged" | undefined;
  subscribe(listener: (identity: string | undefined) => void): () => void;
}

/** Lifetime of a workload's certificate; Istio's default. */
const validForSeconds = 24 * 3_600;

/** Secrets signed by this CA, asked for again when it changes. `random` (0 up to 1) spreads renewals. */
export function createWorkloadSecrets(
  ca: CaSource,
  clock: Clock,
  random: () => number,
  signal: AbortSignal,
): WorkloadSecrets {
  let bundle = ca.current();
  let caFingerprint = fingerprint(bundle.signing.certificatePem);
  let roots = rootsSecret(rootsPem(bundle), rootsVersion(bundle));
  const issued = new Map<string, EncodedResource>();
  /** The expiry (milliseconds since 1970) of the oldest certificate of each identity that is in use. */
  const planned = new Map<string, number>();
  const listeners = new Set<(identity: string | undefined) => void>();

  /** What a certificate is by: its signer and whose it is, for a changed trust domain gives a workload another identity. */
  const originOf = (identity: string): string =>
    `${caFingerprint}-${createHash("sha256").update(identity).digest("hex").slice(0, 12)}`;
  /** In time the identity gets a new certificate, if a proxy of it still listens. */
  const plan = (identity: string, certificate: Pick<Issued, "issuedAtMs" | "notAfterMs">): void => {
    const { notAfterMs } = certificate;
    const known = planned.get(identity);
    if (known !== undefined && known <= notAfterMs) return;
    planned.set(identity, notAfterMs);
    clock.at(renewAtMs(certificate, random()), signal, () => {
      // An older certificate has shown up since, and was renewed together with this one.
      if (planned.get(identity) !== notAfterMs) return;
      planned.delete(identity);
      issued.delete(identity);
      for (const listener of listeners) listener(identity);
    });
  };
  const unsubscribe = ca.subscribe(() => {
    bundle = ca.current();
    const signer = fingerprint(bundle.signing.certificatePem);
    if (signer !== caFingerprint) {
      issued.clear();
      planned.clear();
    }
    caFingerprint = signer;
    roots = rootsSecret(rootsPem(bundle), rootsVersion(bundle));
    for (const listener of listeners) listener(undefined);
  });
  signal.addEventListener("abort", unsubscribe, { once: true });
  const workload = (identity: string): EncodedResource => {
    const known = issued.get(identity);
    if (known !== undefined) return known;
    const fresh = issueFrom(bundle, { now: clock.now(), newKeyPair, spiffe: identity, validForSeconds });
    const secret = certificateResource(fresh, originOf(identity));
    issued.set(identity, secret);
    plan(identity, fresh);
    return secret;
  };
  return {
    get: ({ identity }, name, heldVersion) => {
      if (name === rootSecret) return heldVersion === roots.version ? "unchanged" : roots;
      if (name !== workloadSecret) return undefined;
      // Its peers may not trust the signing CA yet; a proxy without any certificate has nothing to lose.
      if (heldVersion !== undefined && !bundle.mayReplace && expiryOf(heldVersion) > clock.now()) return "unchanged";
      // What a proxy got from this process, or from one before it, stays good for more than half of its life.
      if (
        heldVersion !== undefined &&
        isFresh(heldVersion, { caFingerprint: originOf(identity), now: clock.now(), validForSeconds })
      ) {
        const notAfterMs = expiryOf(heldVersion);
        plan(identity, { issuedAtMs: notAfterMs - validForSeconds * 1_000, notAfterMs });
        return "unchanged";
      }
      return workload(identity);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function certificateResource(certificate: Issued, origin: string): EncodedResource {
  const message = create(SecretSchema, {
    name: workloadSecret,
    type: {
      case: "tlsCertificate",
      value: {
        certificateChain: { specifier: { case: "inlineString", value: certificate.certificateChainPem } },
        privateKey: { specifier: { case: "inlineString", value: certificate.privateKey.reveal() } },
      },
    },
  });
  return secretResource(
    workloadSecret,
    svidVersion({ ...certificate, caFingerprint: origin }),
    toBinary(SecretSchema, message),
  );
}

function rootsSecret(pem: string, version: string): EncodedResource {
  const message = create(SecretSchema, {
    name: rootSecret,
    type: {
      case: "validationContext",
      value: { trustedCa: { specifier: { case: "inlineString", value: pem } } },
    },
  });
  return secretResource(rootSecret, version, toBinary(SecretSchema, message));
}

function secretResource(name: string, version: string, bytes: Uint8Array): EncodedResource {
  return { type: typeUrls.secret, name, version, bytes, needs: [], provenance: [] };
}
