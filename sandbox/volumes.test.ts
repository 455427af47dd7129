import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Pod, VolumeSpec } from "./objects.ts";
import { type VolumeSources, volumeFiles, writeVolumes } from "./volumes.ts";

const texts: Record<string, string> = { "a.conf": "one", "b.conf": "two" };
const data = (kind: string) => ({ apiVersion: "v1", kind, metadata: { name: "settings", namespace: "shop" } });
const sources: VolumeSources = {
  around: {
    podAddress: "10.77.0.9",
    hostAddress: "10.77.0.1",
    nodeName: "n",
    capacity: { cpu: 2, memory: 1 },
    configMap: (name) => (name === "settings" ? { ...data("ConfigMap"), data: texts } : undefined),
    secret: (name) =>
      name === "settings" ? { ...data("Secret"), data: { key: Buffer.from("pin").toString("base64") } } : undefined,
  },
  token: (pod, audience) => `token of ${pod.metadata.name} for ${audience}`,
};
const podWith = (...volumes: VolumeSpec[]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "shop", labels: { app: "web" } },
  spec: { containers: [{ name: "web", resources: { limits: { cpu: "2" } } }], volumes },
});

describe("volumeFiles()", () => {
  const name = "v";
  test.each<{ title: string; volume: VolumeSpec; want: Record<string, string> }>([
    { title: "a ConfigMap", volume: { name, configMap: { name: "settings" } }, want: texts },
    {
      title: "a part of it",
      volume: { name, configMap: { name: "settings", items: [{ key: "a.conf", path: "x/y" }] } },
      want: { "x/y": "one" },
    },
    { title: "a missing optional one", volume: { name, configMap: { name: "none", optional: true } }, want: {} },
    { title: "a Secret", volume: { name, secret: { secretName: "settings" } }, want: { key: "pin" } },
    {
      title: "a token beside other things",
      volume: {
        name,
        projected: {
          sources: [
            { serviceAccountToken: { audience: "istio-ca", path: "istio-token" } },
            { configMap: { name: "settings", items: [{ key: "b.conf", path: "b" }] } },
            { secret: { name: "settings" } },
          ],
        },
      },
      want: { "istio-token": "token of web-1 for istio-ca", b: "two", key: "pin" },
    },
    {
      title: "the pod itself",
      volume: {
        name,
        downwardAPI: {
          items: [
            { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
            { path: "cpu", resourceFieldRef: { containerName: "web", resource: "limits.cpu" } },
          ],
        },
      },
      want: { labels: 'app="web"', cpu: "2" },
    },
  ])("holds $title", ({ volume, want }) => {
    expect(Object.fromEntries(volumeFiles(podWith(), volume, sources) ?? [])).toEqual(want);
  });

  test.each([
    {
      volume: { name, configMap: { name: "none" } },
      says: 'Pod shop/web-1 cannot start: its ConfigMap "none" is not there',
    },
    { volume: { name, hostPath: { path: "/" } }, says: "is of a sort that the sandbox does not have" },
  ])("says: $says", ({ volume, says }) => {
    expect(() => volumeFiles(podWith(), volume, sources)).toThrow(says);
  });
});

describe("writeVolumes()", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pillion-volumes-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("writes files, and folders that everybody may write to", () => {
    writeVolumes(
      podWith({ name: "empty", emptyDir: {} }, { name: "conf", configMap: { name: "settings" } }),
      folder,
      sources,
    );
    expect(readdirSync(folder).sort()).toEqual(["conf", "empty"]);
    expect(readFileSync(join(folder, "conf", "a.conf"), "utf8")).toBe("one");
    expect(statSync(join(folder, "empty")).mode & 0o777).toBe(0o777);
  });

  test("keeps paths that lead out of the volume inside", () => {
    const items = [{ key: "a.conf", path: "../../escaped" }];
    writeVolumes(podWith({ name: "conf", configMap: { name: "settings", items } }), folder, sources);
    expect(readdirSync(join(folder, "conf"))).toEqual(["escaped"]);
  });
});
