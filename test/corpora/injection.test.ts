// Istio's own injection cases: how many of the assertions and decisions hold. The count may only grow.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import jsonPatch from "fast-json-patch";
import { describe, expect, test } from "vitest";
import { decideUnselected } from "../../injector/decide.ts";
import { type Injection, inject } from "../../injector/inject.ts";
import { type JsonObject, listAt, objectAt, textAt, textsAt } from "../../injector/json.ts";
import type { LabelSelector } from "../../injector/label-selector.ts";
import { nativeSidecarsFit } from "../../injector/native-sidecars.ts";
import { patchOf } from "../../injector/patch.ts";
import { type InjectorSettings, injectorSettings } from "../../injector/settings.ts";
import { otherWebhooks } from "../../injector/testing/other-webhooks.ts";
import { buildSnapshot } from "../../model/build.ts";
import { selectedRevision } from "../../model/injection-labels.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import { corpora, skipReason } from "./corpora.ts";
import deviationsJson from "./deviations.json" with { type: "json" };
import { holds } from "./injection-assertions.ts";
import { caseParts, readJson } from "./injection-cases.ts";

interface Counts {
  readonly decisions: number;
  readonly assertions: number;
}

const folder = join(corpora ?? ".", "injection", "dev");
const counts = JSON.parse(readFileSync(new URL("injection-count.json", import.meta.url), "utf8")) as Counts;
/** Cases in which Pillion differs on purpose. */
const deviations = deviationsJson.map(({ id }) => id).filter((id) => id.startsWith("inj-"));
const selectorsIn = (given: JsonObject, key: string) => listAt(given, key) as readonly LabelSelector[]; // Kubernetes' own form
const podWith = (given: JsonObject): JsonObject => ({
  metadata: { name: "x", annotations: objectAt(given, "podAnnotations") },
  spec: { containers: [{ name: "app", readinessProbe: { httpGet: { port: 80 } } }] },
});
const injectionOf = (given: JsonObject, changes: Parameters<typeof injectorSettings>[0] = {}): Injection =>
  inject(podWith(given), { name: "test", labels: {} }, injectorSettings(changes));

/** What we decide in each sort of case, in the form of its `expect`; a sort that is not here does not hold yet. */
const deciders: Readonly<Record<string, (given: JsonObject) => JsonObject>> = {
  "which-pod": (given) => {
    const pod = { metadata: objectAt(given, "podMetadata"), spec: objectAt(given, "podSpec") };
    const settings = injectorSettings({
      policy: given["injectorPolicy"] === "enabled" ? "enabled" : "disabled",
      neverInjectSelector: selectorsIn(given, "neverInjectSelector"),
      alwaysInjectSelector: selectorsIn(given, "alwaysInjectSelector"),
    });
    return { injected: decideUnselected(pod, textAt(objectAt(given, "podMetadata"), "namespace"), settings).inject };
  },
  "webhook-selector": (given) => {
    const namespace = { name: "test", labels: textsAt(given, "namespaceLabels") };
    const revision = selectedRevision(
      textsAt(given, "podLabels"),
      namespace,
      given["enableNamespacesByDefault"] === true,
    );
    const handledBy =
      revision === undefined ? null : revision === "default" ? "default revision" : `revision ${revision}`;
    return { handledBy, injected: revision !== undefined };
  },
  "native-sidecar": (given) => {
    const { pod } = injectionOf(given, { nativeSidecars: given["meshDefaultNative"] === true });
    const native = listAt(objectAt(pod, "spec"), "initContainers").some((one) => one["name"] === "istio-proxy");
    return { proxyIn: native ? "initContainers" : "containers" };
  },
  "rewrite-enabled": (given) => {
    const { pod } = injectionOf(given, { rewriteProbes: given["meshSetting.rewriteAppHTTPProbe"] === true });
    const app = listAt(objectAt(pod, "spec"), "containers").find((one) => one["name"] === "app");
    return { rewrite: objectAt(app, "readinessProbe", "httpGet")["port"] === 15_020 };
  },
  "native-sidecar-nodes": (given) => {
    const versions = Array.isArray(given["kubeletVersions"]) ? given["kubeletVersions"].map(String) : [];
    const modes: Readonly<Record<string, boolean | "auto">> = { auto: "auto", enabled: true, disabled: false };
    return { native: nativeSidecarsFit(modes[textAt(given, "mode")] ?? false, versions) };
  },
  "captured-ports": (given) => {
    const container = { name: "app", ...objectAt(given, "container") };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "x", namespace: "test" },
      spec: { containers: [container] },
    };
    const workload = buildSnapshot(worldOf(JSON.stringify(pod))).workloads.get("test/x");
    const tcp = workload?.ports.filter(({ protocol }) => protocol === "TCP") ?? [];
    return { tcpPorts: tcp.map(({ number }) => String(number)) };
  },
  "annotation-validation": (given) => ({
    rejected: injectionOf(given).findings.some(({ severity }) => severity === "error"),
  }),
};

describe.skipIf(corpora === undefined)(`injector${skipReason}`, () => {
  test("decides as Istio does", () => {
    const cases = listAt(readJson(join(folder, "decisions.json")), "cases").filter((one) => one["scope"] === "general");
    const failed = cases.filter((one) => {
      const decided = deciders[textAt(one, "decision")]?.(objectAt(one, "given"));
      const wanted = objectAt(one, "expect");
      return decided === undefined || Object.keys(decided).some((key) => !isDeepStrictEqual(decided[key], wanted[key]));
    });
    report(
      "decisions",
      cases.length,
      failed.map((one) => textAt(one, "id")),
    );
    expect(cases.length - failed.length).toBeGreaterThanOrEqual(counts.decisions);
  });

  test("makes of pods what Istio's injector makes of them", () => {
    const judged = caseParts(folder).flatMap(({ id, pod, namespace, settings, assertions }) => {
      const decision = decideUnselected(pod, namespace, settings);
      const injection = decision.inject ? inject(pod, { name: namespace, labels: {} }, settings) : undefined;
      return assertions.map((assertion) => ({ id, assertion, ok: holds(assertion, pod, injection) }));
    });
    const failed = judged.filter(({ ok }) => !ok);
    report(
      "assertions",
      judged.length,
      failed.map(({ id, assertion }) => `${id} ${JSON.stringify(assertion).slice(0, 200)}`),
    );
    expect(judged.length - failed.length).toBeGreaterThanOrEqual(counts.assertions);
    // Whatever does not hold differs on purpose, and whatever is said to differ does.
    expect([...new Set(failed.map(({ id }) => id))].sort()).toEqual([...deviations].sort());
    expect(failed.length / judged.length).toBeLessThan(0.03);
  });
  test("injects every pod once, however often it is asked, and whatever others did to it in between", () => {
    const again = (pod: JsonObject, settings: InjectorSettings) =>
      inject(pod, { name: "default", labels: {} }, settings);
    for (const { id, pod, settings } of caseParts(folder)) {
      const once = again(pod, settings);
      expect(again(once.pod, settings).pod, id).toEqual(once.pod);
      for (const [name, change] of Object.entries(otherWebhooks)) {
        const between = change(once.pod);
        const stable = again(between, settings).pod;
        expect(again(stable, settings).pod, `${id} ${name}`).toEqual(stable);
        expect(containerNames(stable), `${id} ${name}`).toEqual(containerNames(between));
      }
      expect(jsonPatch.applyPatch(structuredClone(pod), patchOf(pod, once.pod), true).newDocument, id).toEqual(
        once.pod,
      );
    }
  });
});

const containerNames = (pod: JsonObject): readonly string[] =>
  ["initContainers", "containers"]
    .flatMap((list) => listAt(objectAt(pod, "spec"), list).map((one) => textAt(one, "name")))
    .sort();

/** Printed so that whoever widens the injector sees what is left. */
function report(what: string, all: number, failed: readonly string[]): void {
  process.stdout.write(`${what}: ${all - failed.length} of ${all} hold\n${failed.map((one) => `  ${one}\n`).join("")}`);
}
