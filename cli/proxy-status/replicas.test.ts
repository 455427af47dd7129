import { expect, test } from "vitest";
import type { SynczProxy } from "../../control-plane/syncz.ts";
import { parseSyncz } from "./parse-syncz.ts";
import { askAll, type Replica, replicaAt } from "./replicas.ts";
import { proxyWith, typeIn } from "./testing/proxy.ts";

const { signal } = new AbortController();

function replica(name: string, answer: readonly SynczProxy[] | Error, revision = "default"): Replica {
  const ask = async () => {
    if (answer instanceof Error) throw answer;
    return { controlPlane: "pillion", revision, proxies: answer } as const;
  };
  return { name, revision, ask };
}

const proxy = (name: string, connectedSeconds: number): SynczProxy => proxyWith({}, { name, connectedSeconds });

test("askAll() joins what replicas say, by name, a proxy where it connected last", async () => {
  const one = replica("one", [proxy("web-2.shop", 5), proxy("web-1.shop", 60)]);
  const other = replica("other", [proxy("web-1.shop", 3)]);
  const { proxies, complete, problems } = await askAll([one, other], signal);
  expect(proxies.map(({ name, istiod }) => [name, istiod])).toEqual([
    ["web-1.shop", "other"],
    ["web-2.shop", "one"],
  ]);
  expect([[...complete], problems]).toEqual([["default"], []]);
});

test("askAll() claims completeness of no revision of which a replica is silent", async () => {
  const silent = replica("silent", new Error("no route"));
  const { complete, problems } = await askAll([replica("one", []), silent, replica("two", [], "canary")], signal);
  expect([[...complete], problems]).toEqual([["canary"], ["no route"]]);
  await expect(askAll([silent], signal)).rejects.toThrow("no route");
});

test("replicaAt() takes addresses only", () => {
  expect(() => replicaAt("127.0.0.1:15014", signal)).toThrow(/CONTROL_PLANE_ADDRESS.*http:\/\/127\.0\.0\.1:15014/);
});

test("parseSyncz() gives back what a control plane tells", () => {
  const { istiod: _, ...told } = proxyWith({ CDS: typeIn("SYNCED", 3) });
  const detail = { hosts: ["80/web"], unacknowledged: [], waiting: [], late: [] };
  const errors = [{ type: "VHDS", resource: "80/web", message: "no", objects: ["VirtualService shop/web"] }] as const;
  const syncz = { controlPlane: "pillion", revision: "default", proxies: [{ ...told, detail, errors }] };
  expect(parseSyncz(JSON.parse(JSON.stringify(syncz)))).toEqual(syncz);
});

test("parseSyncz() lets nothing through that moves a terminal's cursor", () => {
  const errors = [{ message: "a\n\u001b[2Jb\u009b1m" }];
  const parsed = parseSyncz({ controlPlane: "pillion", proxies: [{ name: "web\u0007", errors }] });
  expect(parsed?.proxies[0]?.errors[0]?.message).toBe("a [2Jb 1m");
  expect(parsed?.proxies[0]?.name).toBe("web");
});

test.each([[[]], ["text"], [{}], [undefined]])("parseSyncz() knows that %j comes from another mesh", (body) => {
  expect(parseSyncz(body)).toBeUndefined();
});
