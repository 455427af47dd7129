import { expect, test } from "vitest";
import { type EncodedResource, type ProxyNode, typeUrls } from "../envoy/resource.ts";
import type { Translator } from "../envoy/translator.ts";
import { buildSnapshot } from "../model/build.ts";
import { emptyWorld } from "../model/world.ts";
import { guarded } from "./guarded.ts";

const snapshot = buildSnapshot(emptyWorld());
const proxy: ProxyNode = { type: "sidecar", namespace: "shop", pod: "a", address: "10.0.0.1" };
const cluster = (name: string): EncodedResource => ({
  type: typeUrls.cluster,
  name,
  version: "1",
  bytes: new Uint8Array(),
  needs: [],
  provenance: [],
});

/** Makes every cluster but "odd"; breaks down altogether when told to. */
function breaking(): { readonly translator: Translator; broken: boolean } {
  const state = {
    broken: false,
    translator: {
      knows: () => true,
      everyHost: () => [],
      eager: () => {
        if (state.broken) throw new Error("no list");
        return [{ type: typeUrls.cluster, name: "one" }];
      },
      resource: (_snapshot, _proxy, _type, name) => {
        if (name === "odd") throw new Error("a port is a function");
        return cluster(name);
      },
      virtualHostName: () => {
        throw new Error("no name");
      },
    } satisfies Translator,
  };
  return state;
}

test("guarded() gives the last good form of what can't be made, says so once, and makes the rest", () => {
  const held = cluster("odd");
  const reports: unknown[] = [];
  const { translator } = breaking();
  const safe = guarded(translator, {
    lastGood: (_type, name) => (name === "odd" ? held : undefined),
    report: (what, error) => reports.push([what, error]),
  });
  expect(safe.resource(snapshot, proxy, typeUrls.cluster, "odd")).toBe(held);
  expect(safe.resource(snapshot, proxy, typeUrls.cluster, "odd")).toBe(held);
  expect(safe.resource(snapshot, proxy, typeUrls.cluster, "fine")?.name).toBe("fine");
  expect(reports).toEqual([[{ type: typeUrls.cluster, name: "odd" }, "a port is a function"]]);
});

test("guarded() keeps what a proxy gets unasked, and a name as it was asked", () => {
  const state = breaking();
  const safe = guarded(state.translator, { lastGood: () => undefined, report: () => undefined });
  const before = safe.eager(snapshot, proxy);
  state.broken = true;
  expect(safe.eager(snapshot, proxy)).toBe(before);
  expect(safe.virtualHostName(snapshot, proxy, "80/a")).toBe("80/a");
});
