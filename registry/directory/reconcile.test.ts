import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lookUp, type World } from "../../model/world.ts";
import { type FileContent, readObjects } from "./read-objects.ts";
import { emptyStanding, reconcile } from "./reconcile.ts";

const gateway = (name: string, selector: string): FileContent =>
  readObjects(
    JSON.stringify({
      apiVersion: "networking.istio.io/v1",
      kind: "Gateway",
      metadata: { name },
      spec: { selector: { istio: selector } },
    }),
    "default",
  );

const accept = () => [];
const selectors = (world: World) => [...world.objects.Gateway.values()].map(({ spec }) => spec.selector?.["istio"]);

describe("reconcile()", () => {
  test("keeps the owner of an object when a file before it names the object too", () => {
    const first = reconcile(emptyStanding, new Map([["b", gateway("g", "old")]]), accept);
    const both = new Map([
      ["a", gateway("g", "new")],
      ["b", gateway("g", "old")],
    ]);
    const second = reconcile(first, both, accept);
    expect(selectors(second.world)).toEqual(["old"]);
    expect(second.reports.map(({ file }) => file)).toEqual(["a"]);
    expect(selectors(reconcile(emptyStanding, both, accept).world)).toEqual(["new"]);
  });

  test("takes a Pod from where it runs, wherever somebody wished for it", () => {
    const pod = (status: string): FileContent =>
      readObjects(
        `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c}]}\n${status}`,
        "default",
      );
    const addressOf = (world: World) => lookUp(world, "Pod", "default", "p")?.status.podIP;
    const wished = reconcile(emptyStanding, new Map([["a", pod("")]]), accept);
    expect(addressOf(wished.world)).toBeUndefined();
    const running = new Map([
      ["a", pod("")],
      ["b", pod("status: {podIP: 10.0.0.1}")],
    ]);
    for (const before of [wished, emptyStanding]) {
      const { world, reports } = reconcile(before, running, accept);
      expect(addressOf(world)).toBe("10.0.0.1");
      expect(reports).toEqual([]);
    }
    const ended = reconcile(reconcile(wished, running, accept), new Map([["a", pod("")]]), accept);
    expect(addressOf(ended.world)).toBeUndefined();
    expect(lookUp(ended.world, "Pod", "default", "p")).toBeDefined();
  });

  test("says nothing about a second place while the first is being replaced", () => {
    const first = reconcile(emptyStanding, new Map([["a", gateway("g", "x")]]), accept);
    const moved = new Map([
      ["a", gateway("g", "x")],
      ["b", gateway("g", "x")],
    ]);
    expect(reconcile(first, moved, accept, new Set(["a"])).reports).toEqual([]);
  });

  test("gives the same world, by identity, when nothing has changed", () => {
    const files = new Map([["a", readObjects("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n", "default")]]);
    const first = reconcile(emptyStanding, files, accept);
    expect(reconcile(first, files, accept).world).toBe(first.world);
  });

  test("changes the addresses of Services with the Services", () => {
    const text = (clusterIP: string) =>
      `apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {clusterIP: ${clusterIP}}\n`;
    const ipOf = (world: World) => lookUp(world, "Service", "default", "s")?.spec.clusterIP;
    const given = reconcile(emptyStanding, new Map([["a", readObjects(text("''"), "default")]]), accept);
    expect(ipOf(given.world)).toMatch(/^10\.96\./);
    expect(ipOf(reconcile(given, new Map([["a", readObjects(text("None"), "default")]]), accept).world)).toBe("None");
  });

  test("ends in the same world whatever came before, when nothing is refused", () => {
    const file = fc.option(fc.integer({ min: 0, max: 3 }));
    const states = fc.array(fc.tuple(file, file, file), { minLength: 1, maxLength: 6 });
    const filesOf = (state: readonly (number | null)[]) =>
      new Map(
        state.flatMap((value, index) => (value === null ? [] : [[`f${index}`, gateway(`g${index}`, `${value}`)]])),
      );
    fc.assert(
      fc.property(states, (history) => {
        const last = history.reduce((standing, state) => reconcile(standing, filesOf(state), accept), emptyStanding);
        const fresh = reconcile(emptyStanding, filesOf(history.at(-1) ?? []), accept);
        expect(selectors(last.world).sort()).toEqual(selectors(fresh.world).sort());
        expect(last.reports).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});
