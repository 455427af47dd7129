import { setMaxListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PillionError } from "../../base/error.ts";
import { type JsonObject, objectAt, textAt, textsAt, withKeys } from "../../injector/json.ts";
import { objectKey } from "../../model/world.ts";
import { splitPem } from "../ca-bundle.ts";
import { systemClock } from "../clock.ts";
import { type CaRotation, rotateCa, spreadMs } from "./ca-rotation.ts";
import { RootKeeper } from "./keep-roots.ts";
import { type StoredCa, storedCa } from "./stored-ca.ts";
import { madeAtMs, newCa, own } from "./testing/ca-secrets.ts";
import { type FormerRoots, retireMs } from "./trusted-roots.ts";

const [old, fresh] = [newCa(), newCa()];
const stop = { controller: new AbortController() };
const hourMs = 3_600_000;
const nobody: FormerRoots = { roots: [], sinceMs: 0 };
const stored = (ca: typeof old): StoredCa => storedCa(own(ca), madeAtMs);

beforeEach(() => {
  vi.useFakeTimers({ now: madeAtMs });
  stop.controller = new AbortController();
  setMaxListeners(0, stop.controller.signal);
});
afterEach(async () => {
  stop.controller.abort();
  await vi.runOnlyPendingTimersAsync();
  vi.useRealTimers();
});

/** What an API server does with ConfigMaps of one name, and how often it was written to. */
class Shelf {
  readonly maps = new Map<string, JsonObject>();
  readonly keepers: RootKeeper[] = [];
  readonly refusing = new Set<string>();
  writes = 0;
  attempts: string[] = [];

  async apply(path: string, object: JsonObject): Promise<JsonObject> {
    const namespace = path.split("/")[4] ?? "";
    this.attempts.push(namespace);
    await later(5);
    if (this.refusing.has(namespace)) {
      throw new PillionError("KUBERNETES_REFUSED", { problem: "exceeded quota", fix: "Wait" });
    }
    this.writes += 1;
    this.put(namespace, object);
    return object;
  }

  put(namespace: string, object: JsonObject): void {
    this.maps.set(namespace, object);
    for (const keeper of this.keepers) {
      void later(2).then(() => keeper.onUpdate({ type: "put", key: objectKey(namespace, "r"), object }));
    }
  }

  remove(namespace: string): void {
    this.maps.delete(namespace);
    for (const keeper of this.keepers) keeper.onUpdate({ type: "delete", key: objectKey(namespace, "r") });
  }

  /** The roots in each namespace, as "old", "fresh" or "fresh+old". */
  roots(): ReadonlySet<string> {
    const nameOf = (pem: string): string => (pem === old.certificatePem ? "old" : "fresh");
    const texts = [...this.maps.values()].map((map) => textAt(objectAt(map, "data"), "root-cert.pem"));
    return new Set(texts.map((text) => splitPem(text).map(nameOf).toSorted().join("+")));
  }
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const namesOf = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `ns${index}`);

/** A replica that keeps `namespaces`, of which the first is its own. */
function replica(
  shelf: Shelf,
  namespaces: readonly string[],
  start: { stored?: StoredCa; former?: FormerRoots; secret?: () => StoredCa } = {},
) {
  const rotation: CaRotation = rotateCa(
    { stored: start.stored ?? stored(old), former: start.former ?? nobody, clock: systemClock },
    stop.controller.signal,
  );
  const said: (string | undefined)[] = [];
  const refused: (string | undefined)[] = [];
  const keeper = new RootKeeper(
    {
      api: shelf,
      log: { info: () => {}, warn: () => {} } as never,
      clock: systemClock,
      namespace: namespaces[0] ?? "",
      revision: "default",
      owner: undefined,
      ca: { ...rotation, look: () => rotation.offer(start.secret?.() ?? stored(old)) },
      namespaces: () => namespaces,
      onOutcome: (problem) => said.push(problem),
      onRefusals: (problem) => refused.push(problem),
    },
    stop.controller.signal,
  );
  const begin = (): void => {
    for (const [namespace, object] of shelf.maps) {
      keeper.onUpdate({ type: "put", key: objectKey(namespace, "r"), object });
    }
    shelf.keepers.push(keeper);
    keeper.onUpdate({ type: "synced" });
  };
  return { rotation, keeper, said, refused, begin };
}

describe("RootKeeper", () => {
  test("writes nothing that is there already, and waits until it knows what is there", async () => {
    const shelf = new Shelf();
    replica(shelf, namesOf(20)).begin();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shelf.writes).toBe(20);
    const second = replica(shelf, namesOf(20));
    await vi.advanceTimersByTimeAsync(1_000);
    second.begin();
    await vi.advanceTimersByTimeAsync(10_000);
    expect({ writes: shelf.writes, said: second.said }).toEqual({ writes: 20, said: [undefined] });
  });

  test("writes all others when one refuses, is well, and tries that one again, seldom", async () => {
    const shelf = new Shelf();
    shelf.refusing.add("ns3");
    const one = replica(shelf, namesOf(40));
    one.begin();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shelf.writes).toBe(39);
    expect(one.said).toEqual([undefined]);
    expect(one.refused.at(-1)).toMatch(
      /^1 of 40 namespaces refuse the ConfigMap istio-ca-root-cert, .*: ns3\. It is tried again\. Of ns3: exceeded quota$/,
    );
    shelf.attempts = [];
    await vi.advanceTimersByTimeAsync(600_000);
    expect(new Set(shelf.attempts)).toEqual(new Set(["ns3"]));
    expect(shelf.attempts.length).toBeLessThan(16);
    shelf.refusing.clear();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(shelf.maps.has("ns3")).toBe(true);
    expect(one.refused.at(-1)).toBeUndefined();
  });

  test("is not well when the control plane's own namespace refuses", async () => {
    const shelf = new Shelf();
    shelf.refusing.add("ns0");
    const one = replica(shelf, namesOf(3));
    one.begin();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.said[0]).toContain("exceeded quota");
  });

  test("writes at once where there is none, and after a moment over what somebody else wrote", async () => {
    const shelf = new Shelf();
    replica(shelf, namesOf(2)).begin();
    await vi.advanceTimersByTimeAsync(1_000);
    shelf.remove("ns1");
    await vi.advanceTimersByTimeAsync(20);
    expect(shelf.writes).toBe(3);
    shelf.put("ns1", withKeys(shelf.maps.get("ns1") ?? {}, { data: {} }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shelf.writes).toBe(3);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(shelf.roots()).toEqual(new Set(["old"]));
  });

  test("agrees with a replica that has read the new Secret before it", async () => {
    const shelf = new Shelf();
    const [first, second] = [1, 2].map(() => replica(shelf, namesOf(20), { secret: () => stored(fresh) }));
    first?.begin();
    await vi.advanceTimersByTimeAsync(1_000);
    second?.begin();
    shelf.writes = 0;
    first?.rotation.offer(stored(fresh));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shelf.roots()).toEqual(new Set(["fresh+old"]));
    expect(shelf.writes).toBeLessThanOrEqual(41);
    await vi.advanceTimersByTimeAsync(retireMs);
    expect(shelf.roots()).toEqual(new Set(["fresh"]));
  });

  test("agrees with a replica that knows of a root on its way out, until its time is over", async () => {
    const shelf = new Shelf();
    const former = { roots: [old.certificatePem, fresh.certificatePem], sinceMs: madeAtMs - hourMs };
    const given = { stored: stored(fresh), secret: () => stored(fresh) };
    const both = [replica(shelf, namesOf(20), given), replica(shelf, namesOf(20), { ...given, former })];
    for (const one of both) one.begin();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shelf.roots()).toEqual(new Set(["fresh+old"]));
    expect(shelf.writes).toBeLessThan(100);
    shelf.writes = 0;
    await vi.advanceTimersByTimeAsync(retireMs - 2 * hourMs);
    expect(shelf.writes).toBe(0);
    await vi.advanceTimersByTimeAsync(hourMs);
    expect(shelf.roots()).toEqual(new Set(["fresh"]));
    await vi.advanceTimersByTimeAsync(hourMs);
    expect(shelf.writes).toBeLessThanOrEqual(42);
  });

  test("forgets the old root on all replicas when somebody sets the time back in the own namespace", async () => {
    const shelf = new Shelf();
    const given = {
      stored: stored(fresh),
      former: { roots: [old.certificatePem, fresh.certificatePem], sinceMs: madeAtMs - hourMs },
      secret: () => stored(fresh),
    };
    const both = [replica(shelf, namesOf(20), given), replica(shelf, namesOf(20), given)];
    for (const one of both) one.begin();
    await vi.advanceTimersByTimeAsync(spreadMs);
    expect(shelf.roots()).toEqual(new Set(["fresh+old"]));
    const map = shelf.maps.get("ns0") ?? {};
    const metadata = objectAt(map, "metadata");
    const annotations = { ...textsAt(metadata, "annotations"), "pillion.io/roots-since": "2000-01-01T00:00:00Z" };
    shelf.writes = 0;
    shelf.put("ns0", withKeys(map, { metadata: withKeys(metadata, { annotations }) }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shelf.roots()).toEqual(new Set(["fresh"]));
    expect(shelf.writes).toBeLessThanOrEqual(42);
    shelf.writes = 0;
    // Who starts now does not bring it back.
    replica(shelf, namesOf(20), { ...given, former: { roots: [fresh.certificatePem], sinceMs: 0 } }).begin();
    await vi.advanceTimersByTimeAsync(hourMs);
    expect({ roots: shelf.roots(), writes: shelf.writes }).toEqual({ roots: new Set(["fresh"]), writes: 0 });
  });

  test("rests longer and longer where somebody undoes its work again and again", async () => {
    const shelf = new Shelf();
    replica(shelf, namesOf(1)).begin();
    await vi.advanceTimersByTimeAsync(1_000);
    shelf.writes = 0;
    for (let second = 0; second < 600; second++) {
      shelf.put("ns0", withKeys(shelf.maps.get("ns0") ?? {}, { data: {} }));
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(shelf.writes).toBeGreaterThan(5);
    expect(shelf.writes).toBeLessThan(20);
  });
});
