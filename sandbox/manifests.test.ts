import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Manifests, watchManifests } from "./manifests.ts";

let folder: string;
let stop: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pillion-manifests-"));
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const service = (name: string, namespace?: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: {},
  });

function watch(): { manifests: Manifests; until(keys: readonly string[]): Promise<void> } {
  let wake = (): void => undefined;
  const manifests = watchManifests([folder], () => wake(), stop.signal);
  const until = async (keys: readonly string[]): Promise<void> => {
    while ([...manifests.objects().keys()].join() !== keys.join()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { manifests, until };
}

test("watchManifests() reads all documents at any depth, in namespace default where they name none", () => {
  mkdirSync(join(folder, "deep"));
  writeFileSync(join(folder, "deep", "a.yaml"), `${service("a")}\n---\n${service("b", "shop")}\n---\n`);
  writeFileSync(join(folder, "ns.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n");
  writeFileSync(join(folder, "other.yaml"), "just: text\n");
  expect([...watch().manifests.objects().keys()]).toEqual(["Service default/a", "Service shop/b", "Namespace /shop"]);
});

test("watchManifests() follows new, changed and removed files", async () => {
  const { until } = watch();
  writeFileSync(join(folder, "a.yaml"), service("a"));
  await until(["Service default/a"]);
  writeFileSync(join(folder, "a.yaml"), service("b"));
  await until(["Service default/b"]);
  rmSync(join(folder, "a.yaml"));
  await until([]);
});

test("watchManifests() keeps the last good form of a file", async () => {
  writeFileSync(join(folder, "a.yaml"), service("a"));
  const { until, manifests } = watch();
  writeFileSync(join(folder, "a.yaml"), "{ not: yaml");
  writeFileSync(join(folder, "b.yaml"), service("b"));
  await until(["Service default/a", "Service default/b"]);
  expect(manifests.objects().size).toBe(2);
});

test("watchManifests() takes the first of two objects of one name", () => {
  const labelled = (file: string) =>
    JSON.stringify({ apiVersion: "v1", kind: "Service", metadata: { name: "a", labels: { file } }, spec: {} });
  writeFileSync(join(folder, "1.yaml"), labelled("first"));
  writeFileSync(join(folder, "2.yaml"), labelled("second"));
  expect(watch().manifests.objects().get("Service default/a")?.metadata.labels).toEqual({ file: "first" });
});
