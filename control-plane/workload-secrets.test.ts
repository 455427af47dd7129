import { X509Certificate } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { createCa } from "../certs/ca.ts";
import { SecretSchema } from "../envoy/proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { EncodedResource } from "../envoy/resource.ts";
import { fixedCa } from "./ca-bundle.ts";
import type { Clock } from "./clock.ts";
import { newKeyPair } from "./keys.ts";
import { createWorkloadSecrets } from "./workload-secrets.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-11-01T00:00:00Z");
const ca = createCa({ now: startMs, newKeyPair, trustDomain: "cluster.local" });
const web = { identity: "spiffe://cluster.local/ns/shop/sa/web" };

/** A clock that goes only when it is told to. */
function manualClock() {
  let nowMs = startMs;
  let due: { readonly timeMs: number; readonly run: () => void }[] = [];
  const clock: Clock = { now: () => nowMs, at: (timeMs, _signal, run) => void due.push({ timeMs, run }) };
  const goTo = (timeMs: number): void => {
    for (;;) {
      const next = due.toSorted((a, b) => a.timeMs - b.timeMs)[0];
      if (next === undefined || next.timeMs > timeMs) break;
      due = due.filter((one) => one !== next);
      nowMs = Math.max(nowMs, next.timeMs);
      next.run();
    }
    nowMs = timeMs;
  };
  return { clock, goTo };
}

/** The secrets of a process that starts now, and the hours (from the beginning) at which it told of renewals. */
function started({ clock }: Pick<ReturnType<typeof manualClock>, "clock">) {
  const secrets = createWorkloadSecrets(fixedCa(ca), clock, () => 0, new AbortController().signal);
  const renewals: number[] = [];
  secrets.subscribe((identity) => {
    if (identity === web.identity) renewals.push(Math.round((clock.now() - startMs) / hourMs));
  });
  return { secrets, renewals };
}

const versionOf = (secret: EncodedResource | "unchanged" | undefined): string =>
  typeof secret === "object" ? secret.version : "none";

test("createWorkloadSecrets() gives an identity its own certificate, the same until it is renewed before half-life", () => {
  const time = manualClock();
  const { secrets, renewals } = started(time);
  const first = secrets.get(web, "default", undefined);
  if (typeof first !== "object") throw new Error("there is a certificate");
  const { type } = fromBinary(SecretSchema, first.bytes);
  const chain = type.case === "tlsCertificate" ? type.value.certificateChain?.specifier.value : undefined;
  expect(new X509Certificate(String(chain)).subjectAltName).toBe(`URI:${web.identity}`);
  expect(secrets.get(web, "default", undefined)).toBe(first);
  time.goTo(startMs + 12 * hourMs);
  expect(renewals).toEqual([11]);
  expect(versionOf(secrets.get(web, "default", undefined))).not.toBe(first.version);
});

test("createWorkloadSecrets() lets proxies keep what an earlier process gave them, and renews by the oldest of it", () => {
  const time = manualClock();
  const held = versionOf(started(time).secrets.get(web, "default", undefined));
  time.goTo(startMs + 8 * hourMs);
  const { secrets, renewals } = started(time);
  // A new pod comes before the old one is back.
  expect(versionOf(secrets.get(web, "default", undefined))).not.toBe(held);
  expect(secrets.get(web, "default", held)).toBe("unchanged");
  time.goTo(startMs + 12 * hourMs);
  expect(renewals).toEqual([11]);
  time.goTo(startMs + 20 * hourMs);
  expect(renewals).toEqual([11]);
});

test("createWorkloadSecrets() lets proxies keep another CA's certificate until the new one may replace it", () => {
  const time = manualClock();
  const held = versionOf(started(time).secrets.get(web, "default", undefined));
  const next = createCa({ now: startMs, newKeyPair, trustDomain: "cluster.local" });
  const bundle = { ...fixedCa(next).current(), mayReplace: false };
  const listeners = new Set<() => void>();
  const source = {
    current: () => bundle,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const secrets = createWorkloadSecrets(source, time.clock, () => 0, new AbortController().signal);
  expect(secrets.get(web, "default", held)).toBe("unchanged");
  expect(versionOf(secrets.get(web, "default", undefined))).not.toBe("none");
  time.goTo(startMs + 25 * hourMs);
  expect(versionOf(secrets.get(web, "default", held))).not.toBe("none");
  time.goTo(startMs);
  bundle.mayReplace = true;
  for (const listener of listeners) listener();
  expect(versionOf(secrets.get(web, "default", held))).not.toBe("none");
});

test("createWorkloadSecrets() knows the roots and nothing else beside", () => {
  const { secrets } = started(manualClock());
  const roots = versionOf(secrets.get(web, "ROOTCA", undefined));
  expect(secrets.get(web, "ROOTCA", roots)).toBe("unchanged");
  expect(secrets.get(web, "other", undefined)).toBeUndefined();
});

test("createWorkloadSecrets() gives a new certificate to who holds one of another identity", () => {
  const { secrets } = started(manualClock());
  const held = versionOf(secrets.get(web, "default", undefined));
  const moved = { identity: "spiffe://corp/ns/shop/sa/web" };
  // The trust domain is another one since the control plane was restarted.
  const { secrets: restarted } = started(manualClock());
  expect(restarted.get(web, "default", held)).toBe("unchanged");
  expect(versionOf(restarted.get(moved, "default", held))).not.toBe("none");
});
