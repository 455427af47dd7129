import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import type { KubernetesConfig } from "../config.ts";
import { injectionSettings } from "./injection-settings.ts";

// What settings are made from; the rest of the configuration plays no part.
const config = { revision: "blue", discoveryAddress: "istiod-blue.istio-system.svc:15012" } as KubernetesConfig;

const node = (name: string, version: string) => `apiVersion: v1
kind: Node
metadata: { name: ${name} }
status: { nodeInfo: { kubeletVersion: ${version} } }`;
const service = (address: string) => `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: "${address}", ports: [{ port: 80 }] }`;
const mesh = (text: string) => `apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${text}" }`;

const settingsOf = (values: object, ...texts: readonly string[]) => {
  const world = worldOf(...texts);
  const snapshot = buildSnapshot(world);
  return injectionSettings(
    config,
    () => values,
    { current: () => snapshot },
    () => world.objects.Node,
  );
};

test("injectionSettings() lays the chart's values over the mesh configuration, and the flags over both", () => {
  const text = "{ defaultConfig: { concurrency: 3, discoveryAddress: 'a:1', holdApplicationUntilProxyStarts: true } }";
  const values = { holdApplicationUntilProxyStarts: false, tags: ["stable"] };
  expect(settingsOf(values, mesh(text))()).toMatchObject({
    concurrency: 3,
    holdApplicationUntilProxyStarts: false,
    tags: ["stable"],
    revision: "blue",
    xds: { host: "istiod-blue.istio-system.svc", port: 15_012 },
  });
});

test("injectionSettings() knows the versions of the nodes, and the families of addresses", () => {
  const { kubeletVersions, ipFamilies } = settingsOf(
    {},
    node("a", "v1.34.1"),
    node("b", "v1.32.0"),
    node("c", "v1.34.1"),
  )();
  expect(kubeletVersions).toEqual(["v1.32.0", "v1.34.1"]);
  expect(ipFamilies).toEqual(["IPv4"]);
  expect(settingsOf({}, service("fd00::1"))().ipFamilies).toEqual(["IPv4", "IPv6"]);
});

test("injectionSettings() gives the same object as long as nothing changed", () => {
  const settings = settingsOf({}, node("a", "v1.34.1"));
  expect(settings()).toBe(settings());
});
