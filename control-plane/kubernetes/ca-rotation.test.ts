import { describe, expect, test } from "vitest";
import { rotateCa, spreadMs } from "./ca-rotation.ts";
import { storedCa } from "./stored-ca.ts";
import { brought, intermediateOf, madeAtMs, newCa, own, secret } from "./testing/ca-secrets.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { type FormerRoots, retireMs } from "./trusted-roots.ts";

const startMs = madeAtMs;

describe("rotateCa()", () => {
  const [old, fresh] = [newCa(), newCa()];
  const started = (former: Partial<FormerRoots> = {}, first = old) => {
    const time = manualClock(startMs);
    const rotation = rotateCa(
      { stored: storedCa(own(first), startMs), former: { roots: [], sinceMs: 0, ...former }, clock: time.clock },
      new AbortController().signal,
    );
    const seen = () => {
      const { signing, roots, mayReplace } = rotation.current();
      const nameOf = (pem: string): string => (pem === old.certificatePem ? "old" : "fresh");
      const signs = mayReplace ? "signs" : "signs for newcomers";
      return `${nameOf(signing.certificatePem)} ${signs}, ${roots.map(nameOf).toSorted().join("+")} trusted`;
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

  test("signs at once with what has been trusted for a while", () => {
    const { rotation, goTo, seen } = started();
    const both = {
      "ca.key": old.privateKey.reveal(),
      "ca.crt": old.certificatePem,
      "root-cert.pem": fresh.certificatePem,
    };
    rotation.offer(storedCa(secret("pillion-ca", both), startMs));
    expect(seen()).toBe("old signs, fresh+old trusted");
    goTo(startMs + spreadMs);
    rotation.offer(storedCa(own(fresh), startMs));
    expect(seen()).toBe("fresh signs, fresh+old trusted");
  });

  test("waits for a root that came a moment ago, though another CA leads to it", () => {
    const { rotation, goTo, seen } = started();
    rotation.offer(storedCa(own(fresh), startMs));
    rotation.offer(storedCa(brought(intermediateOf(fresh), fresh), startMs));
    expect(seen()).toBe("old signs, fresh+old trusted");
    goTo(startMs + spreadMs);
    expect(rotation.current().mayReplace).toBe(true);
    expect(rotation.current().intermediatesPem).toContain("BEGIN CERTIFICATE");
  });

  test("keeps the overlap when the CA before comes back that was written long ago", () => {
    const { rotation, goTo, seen } = started({}, fresh);
    goTo(startMs + 48 * 3_600_000);
    rotation.offer(storedCa(own(old), startMs));
    expect(seen()).toBe("fresh signs, fresh+old trusted");
    goTo(startMs + 48 * 3_600_000 + spreadMs);
    expect(seen()).toBe("old signs, fresh+old trusted");
  });

  test("goes on with an overlap after a restart, until its time is up", () => {
    const both = [old.certificatePem, fresh.certificatePem];
    const { goTo, seen } = started({ roots: both, sinceMs: startMs - 3_600_000 });
    expect(seen()).toBe("old signs, fresh+old trusted");
    goTo(startMs - 3_600_000 + retireMs);
    expect(seen()).toBe("old signs, old trusted");
  });

  test("lets proxies keep their certificates when it starts before everybody trusts the new root", () => {
    const both = [old.certificatePem, fresh.certificatePem];
    const { goTo, seen, rotation } = started({ roots: both, sinceMs: startMs - 1_000 }, fresh);
    expect(seen()).toBe("fresh signs for newcomers, fresh+old trusted");
    let told = 0;
    rotation.subscribe(() => {
      told += 1;
    });
    goTo(startMs - 1_000 + spreadMs);
    expect(seen()).toBe("fresh signs, fresh+old trusted");
    expect(told).toBe(1);
  });

  test("begins an overlap when the CA was replaced while nobody ran", () => {
    const { goTo, seen, rotation } = started({ roots: [old.certificatePem] }, fresh);
    expect(seen()).toBe("fresh signs for newcomers, fresh+old trusted");
    expect(rotation.current().rootsSinceMs).toBe(startMs);
    goTo(startMs + spreadMs);
    expect(seen()).toBe("fresh signs, fresh+old trusted");
    goTo(startMs + retireMs);
    expect(seen()).toBe("fresh signs, fresh trusted");
  });

  test("asks nobody to wait in a mesh where nothing is replaced", () => {
    expect(started().seen()).toBe("old signs, old trusted");
    expect(started({ roots: [old.certificatePem] }).seen()).toBe("old signs, old trusted");
  });

  test("says nothing when nothing has changed", () => {
    const { rotation } = started();
    let told = 0;
    rotation.subscribe(() => {
      told += 1;
    });
    rotation.offer(storedCa(own(old), startMs));
    expect(told).toBe(0);
  });
});
