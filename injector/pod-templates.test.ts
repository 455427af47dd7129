import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { hasErrors } from "../base/finding.ts";
import { type JsonObject, listAt, objectAt } from "./json.ts";
import { isOurs } from "./pod.ts";
import { injectObject, podPlace } from "./pod-templates.ts";
import { defaultSettings, injectorSettings } from "./settings.ts";

const pod = "{containers: [{name: app, image: app}]}";
const workload = (apiVersion: string, kind: string, spec = `{template: {spec: ${pod}}}`): JsonObject =>
  parse(
    `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: shop}, unknown: kept, spec: ${spec}}`,
  ) as JsonObject; // as it is written here

const templates = [
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "apps/v1", kind: "DaemonSet" },
  { apiVersion: "apps/v1", kind: "ReplicaSet" },
  { apiVersion: "v1", kind: "ReplicationController" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "apps.openshift.io/v1", kind: "DeploymentConfig" },
];

describe("injectObject()", () => {
  test.each([
    ...templates.map((one) => ({ ...one, spec: undefined, at: ["spec", "template"] })),
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      spec: `{jobTemplate: {spec: {template: {spec: ${pod}}}}}`,
      at: ["spec", "jobTemplate", "spec", "template"],
    },
    { apiVersion: "v1", kind: "Pod", spec: pod, at: [] },
  ])("injects $kind, and nothing but its pod changes", ({ apiVersion, kind, spec, at }) => {
    const before = workload(apiVersion, kind, spec);
    const { object = {}, findings } = injectObject(before, "default", defaultSettings) ?? {};
    expect(findings).toEqual([]);
    const template = objectAt(object, ...at);
    expect(listAt(objectAt(template, "spec"), "initContainers").every(isOurs)).toBe(true);
    expect(listAt(objectAt(template, "spec"), "initContainers")).toHaveLength(2);
    expect(objectAt(template, "metadata", "labels")["service.istio.io/canonical-name"]).toBe("shop");
    expect(object).toMatchObject({ apiVersion, kind, unknown: "kept", metadata: { name: "shop" } });
    if (at.length > 0) expect(object["metadata"]).toBe(before["metadata"]);
    expect(Object.keys(template).toSorted()).toEqual(
      [...new Set([...Object.keys(objectAt(before, ...at)), "metadata"])].toSorted(),
    );
  });

  test.each([
    { apiVersion: "v1", kind: "Service" },
    { apiVersion: "example.com/v1", kind: "Deployment" },
    { apiVersion: "v1", kind: "toString" },
  ])("has nothing to do with $apiVersion $kind", ({ apiVersion, kind }) => {
    expect(injectObject(workload(apiVersion, kind), "default", defaultSettings)).toBeUndefined();
    expect(podPlace(workload(apiVersion, kind))).toBeUndefined();
  });

  test.each([
    { name: "opts out by label", template: `{metadata: {labels: {sidecar.istio.io/inject: "false"}}, spec: ${pod}}` },
    {
      name: "opts out by annotation",
      template: `{metadata: {annotations: {sidecar.istio.io/inject: "false"}}, spec: ${pod}}`,
    },
    { name: "uses the node's network", template: "{spec: {hostNetwork: true, containers: [{name: app}]}}" },
  ])("leaves a pod alone that $name, and says so of its workload", ({ template }) => {
    const before = workload("apps/v1", "Deployment", `{template: ${template}}`);
    const { object, findings = [] } = injectObject(before, "shop", defaultSettings) ?? {};
    expect(object).toBe(before);
    expect(findings.map(({ code, object: ref, path }) => ({ code, ref, path }))).toEqual([
      { code: "PIL5001", ref: { kind: "Deployment", namespace: "shop", name: "shop" }, path: "spec.template" },
    ]);
  });

  test("leaves the namespaces of the cluster alone", () => {
    const before = workload("apps/v1", "Deployment");
    expect(injectObject(before, "kube-system", defaultSettings)?.object).toBe(before);
  });

  test("refuses a malformed annotation, and says where in the workload it is", () => {
    const before = workload(
      "apps/v1",
      "Deployment",
      `{template: {metadata: {annotations: {sidecar.istio.io/logLevel: loud}}, spec: ${pod}}}`,
    );
    const { object, findings = [] } = injectObject(before, "default", defaultSettings) ?? {};
    expect(object).toBe(before);
    expect(hasErrors(findings)).toBe(true);
    expect(findings[0]?.path).toBe('spec.template.metadata.annotations["sidecar.istio.io/logLevel"]');
  });

  test("changes nothing in what it has injected before", () => {
    const once = injectObject(workload("apps/v1", "Deployment"), "default", defaultSettings)?.object ?? {};
    expect(injectObject(once, "default", defaultSettings)?.object).toEqual(once);
  });

  test("obeys the settings", () => {
    const classic = injectorSettings({ nativeSidecars: false, revision: "blue" });
    const { object = {} } = injectObject(workload("apps/v1", "Deployment"), "default", classic) ?? {};
    expect(listAt(objectAt(object, "spec", "template", "spec"), "containers").map(({ name }) => name)).toEqual([
      "app",
      "istio-proxy",
    ]);
    expect(objectAt(object, "spec", "template", "metadata", "annotations")["istio.io/rev"]).toBe("blue");
  });
});
