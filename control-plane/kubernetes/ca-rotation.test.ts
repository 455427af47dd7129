import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Ca, createCa } from "../../certs/ca.ts";
import { buildCertificate, subjectOf } from "../../certs/certificate.ts";
import { caExtensions } from "../../certs/extensions.ts";
import { PrivateKeyPem } from "../../certs/private-key-pem.ts";
import type { JsonObject } from "../../injector/json.ts";
import { issueFrom } from "../ca-bundle.ts";
import type { Clock } from "../clock.ts";
import { newKeyPair } from "../keys.ts";
import { retireMs, rotateCa, spreadMs } from "./ca-rotation.ts";
import { secretFor, storedCa } from "./stored-ca.ts";

const startMs = Date.parse("2026-11-01T00:00:00Z");
const newCa = (): Ca => createCa({ now: startMs - 1_000, newKeyPair, trustDomain: "cluster.local" });

/** A Secret as the API server gives it. */
function secret(name: string, texts: Readonly<Record<string, string>>, writtenMs = startMs): JsonObject {
  const data: Record<string, string> = {};
  for (const [key, text] of Object.entries(texts)) data[key] = Buffer.from(text).toString("base64");
  const managedFields = [{ time: new Date(writtenMs).toISOString() }];
  return { metadata: { namespace: "istio-system", name, managedFields }, data };
}

const own = (ca: Ca, writtenMs?: number): JsonObject =>
  secret("pillion-ca", { "ca.crt": ca.certificatePem, "ca.key": ca.privateKey.reveal() }, writtenMs);

/** A CA whose certificate another CA signed, as people bring it in cacerts. */
function intermediateOf(root: Ca): Ca {
  const { publicKey, privateKey } = newKeyPair();
  const certificatePem = buildCertificate({
    issuer: subjectOf(root.certificatePem),
    subject: subjectOf(newCa().certificatePem),
    publicKey,
    notBeforeMs: startMs - 1_000,
    notAfterMs: startMs + 365 * 24 * 3_600_000,
    // All but the authority key identifier, which is a root's own.
    extensions: caExtensions(publicKey, "cluster.local").toSpliced(3, 1),
    signWith: createPrivateKey(root.privateKey.reveal()),
  });
  return {
    certificatePem,
    privateKey: new PrivateKeyPem(privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
  };
}

const brought = (ca: Ca, root: Ca, chain = ""): JsonObject =>
  secret("cacerts", {
    "ca-cert.pem": ca.certificatePem,
    "ca-key.pem": ca.privateKey.reveal(),
    "root-cert.pem": root.certificatePem,
    "cert-chain.pem": chain,
  });

describe("storedCa()", () => {
  test("reads what secretFor() writes", () => {
    const ca = newCa();
    const { stringData } = secretFor(ca, {});
    const texts = Object.fromEntries(Object.entries(stringData ?? {}).map(([key, text]) => [key, String(text)]));
    const read = storedCa(secret("pillion-ca", texts), startMs);
    expect(read.signing.certificatePem).toBe(ca.certificatePem);
    expect(read).toMatchObject({ intermediatesPem: "", roots: [ca.certificatePem], writtenAtMs: startMs });
  });

  test("sends the way to the root along where the CA is not a root itself", () => {
    const root = newCa();
    const ca = intermediateOf(root);
    const bundle = storedCa(brought(ca, root, ca.certificatePem + root.certificatePem), startMs);
    expect(bundle.roots).toEqual([root.certificatePem]);
    const { certificateChainPem } = issueFrom(bundle, { now: startMs, newKeyPair, dnsNames: ["web"] });
    const [leaf, signer, more] = certificateChainPem
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem));
    expect(more).toBeUndefined();
    expect(leaf?.verify(new X509Certificate(ca.certificatePem).publicKey)).toBe(true);
    expect(signer?.verify(new X509Certificate(root.certificatePem).publicKey)).toBe(true);
  });

  test("finds links between the CA and the root in the chain", () => {
    const root = newCa();
    const middle = intermediateOf(root);
    const ca = intermediateOf(middle);
    const bundle = storedCa(brought(ca, root, middle.certificatePem), startMs);
    expect(bundle.intermediatesPem).toBe(ca.certificatePem + middle.certificatePem);
  });

  const [ca, root] = [newCa(), newCa()];
  test.each([
    {
      name: "without keys",
      given: secret("cacerts", {}),
      says: /cacerts can't be used: it has the keys \(none\), and ca-cert\.pem/,
    },
    { name: "with rubbish", given: secret("pillion-ca", { "ca.crt": "x", "ca.key": "y" }), says: /cannot be read/ },
    {
      name: "with another key",
      given: own({ ...ca, privateKey: root.privateKey }),
      says: /does not belong to its certificate/,
    },
    {
      name: "with a foreign root",
      given: brought(intermediateOf(ca), root),
      says: /does not lead to a root.*cert-chain\.pem/,
    },
  ])("refuses a Secret $name", ({ given, says }) => {
    expect(() => storedCa(given, startMs)).toThrow(says);
  });
});

/** A clock that goes only when it is told to. */
function manualClock() {
  let nowMs = startMs;
  let due: { readonly timeMs: number; readonly run: () => void; readonly signal: AbortSignal }[] = [];
  const clock: Clock = {
    now: () => nowMs,
    at: (timeMs, signal, run) => void due.push({ timeMs: Math.max(timeMs, nowMs), run, signal }),
  };
  const goTo = (timeMs: number): void => {
    nowMs = timeMs;
    const ready = due.filter((one) => one.timeMs <= timeMs);
    due = due.filter((one) => one.timeMs > timeMs);
    for (const { run, signal } of ready) if (!signal.aborted) run();
  };
  return { clock, goTo };
}

describe("rotateCa()", () => {
  const [old, fresh] = [newCa(), newCa()];
  const started = (formerRoots: readonly string[] = []) => {
    const time = manualClock();
    const rotation = rotateCa(
      { stored: storedCa(own(old), startMs), formerRoots, clock: time.clock },
      new AbortController().signal,
    );
    const seen = () => {
      const { signing, roots } = rotation.current();
      const nameOf = (pem: string): string => (pem === old.certificatePem ? "old" : "fresh");
      return `${nameOf(signing.certificatePem)} signs, ${roots.map(nameOf).toSorted().join("+")} trusted`;
    };
    return { ...time, rotation, seen };
  };

  test("trusts the new root first, then signs with it, then forgets the old one", () => {
    const { rotation, goTo, seen } = started();
    const story: string[] = [];
    rotation.subscribe(() => story.push(seen()));
    expect(seen()).toBe("old signs, old trusted");
    rotation.offer(storedCa(own(fresh), startMs));
    expect(seen()).toBe("old signs, fresh+old trusted");
    goTo(startMs + spreadMs);
    expect(seen()).toBe("fresh signs, fresh+old trusted");
    goTo(startMs + retireMs);
    expect(story).toEqual([
      "old signs, fresh+old trusted",
      "fresh signs, fresh+old trusted",
      "fresh signs, fresh trusted",
    ]);
  });

  test("goes back when the old CA is put back in between", () => {
    const { rotation, goTo, seen } = started();
    rotation.offer(storedCa(own(fresh), startMs));
    rotation.offer(storedCa(own(old), startMs));
    goTo(startMs + spreadMs);
    expect(seen()).toBe("old signs, fresh+old trusted");
  });

  test("signs at once with what is trusted already", () => {
    const { rotation, seen } = started();
    const both = {
      "ca.key": old.privateKey.reveal(),
      "ca.crt": old.certificatePem,
      "root-cert.pem": fresh.certificatePem,
    };
    rotation.offer(storedCa(secret("pillion-ca", both), startMs));
    expect(seen()).toBe("old signs, fresh+old trusted");
    rotation.offer(storedCa(own(fresh), startMs));
    expect(seen()).toBe("fresh signs, fresh+old trusted");
  });

  test("goes on trusting what was trusted before a restart, until its time is up", () => {
    const { goTo, seen } = started([fresh.certificatePem]);
    expect(seen()).toBe("old signs, fresh+old trusted");
    goTo(startMs + retireMs);
    expect(seen()).toBe("old signs, old trusted");
  });

  test("says nothing when nothing has changed", () => {
    const { rotation } = started();
    let told = 0;
    rotation.subscribe(() => {
      told += 1;
    });
    rotation.offer(storedCa(own(old, startMs + 5), startMs));
    expect(told).toBe(0);
  });
});
