import { expect, test } from "vitest";
import { injectorConfiguration } from "../../control-plane/kubernetes/webhook-configurations.ts";
import type { JsonObject } from "../../injector/json.ts";
import { injectorSettings } from "../../injector/settings.ts";
import { webhookRows } from "./webhook-rows.ts";

const configuration = (revision: string): JsonObject =>
  // Plain data: the type of JSON has an index signature, which interfaces lack.
  injectorConfiguration({
    ...{ namespace: "istio-system", revision, tags: [], enableNamespacesByDefault: false },
    ...{ target: { type: "service", name: "istiod" }, rootsPem: "", owner: undefined },
  }) as unknown as JsonObject;
const both = [configuration("default"), configuration("canary")];

interface Case {
  readonly name: string;
  readonly labels?: Record<string, string>;
  readonly pod?: { readonly labels?: JsonObject; readonly spec?: JsonObject };
  readonly namespace?: string;
  readonly policy?: "disabled";
  /** Of the default revision, then of "canary". */
  readonly want: readonly [boolean, string | RegExp, boolean?];
}

const cases: readonly Case[] = [
  {
    name: "a labelled namespace",
    labels: { "istio-injection": "enabled" },
    want: [true, "Namespace label istio-injection=enabled matches"],
  },
  {
    name: "a namespace of a revision",
    labels: { "istio.io/rev": "canary" },
    want: [false, "Labels ask for revision canary", true],
  },
  { name: "no label", want: [false, "Neither namespace nor pod has a label that asks for it"] },
  {
    name: "a pod that asks",
    pod: { labels: { "sidecar.istio.io/inject": "true" } },
    want: [true, "Pod label sidecar.istio.io/inject=true matches"],
  },
  {
    name: "a pod that refuses",
    labels: { "istio-injection": "enabled" },
    pod: { labels: { "sidecar.istio.io/inject": "false" } },
    want: [false, "Pod has the label sidecar.istio.io/inject=false"],
  },
  {
    name: "a namespace that refuses",
    labels: { "istio-injection": "disabled" },
    want: [false, "Namespace has the label istio-injection=disabled"],
  },
  {
    name: "a pod in its node's network",
    labels: { "istio-injection": "enabled" },
    pod: { spec: { hostNetwork: true } },
    want: [false, /^It uses the network of its node \(hostNetwork: true\)/],
  },
  {
    name: "a policy",
    labels: { "istio-injection": "enabled" },
    policy: "disabled",
    want: [false, /^The injection policy is "disabled"/],
  },
  {
    name: "the control plane's namespace",
    namespace: "istio-system",
    labels: { "istio-injection": "enabled" },
    want: [false, /control plane/],
  },
  {
    name: "a namespace of the cluster's own",
    namespace: "kube-system",
    want: [false, "Namespace kube-system is never injected"],
  },
];

test.each(cases)("webhookRows() explains $name", ({ labels = {}, pod = {}, namespace = "shop", policy, want }) => {
  const settings = new Map(policy === undefined ? [] : [["default", injectorSettings({ policy })]]);
  const rows = webhookRows({
    pod: { metadata: { name: "web", labels: pod.labels ?? {} }, spec: pod.spec ?? {} },
    namespace: { name: namespace, labels },
    configurations: [...both, { metadata: { name: "somebody-else" }, webhooks: [{ name: "a.b" }] }],
    settings,
  });
  const [injected, reason, byCanary = false] = want;
  expect(rows.map((row) => [row.webhook, row.revision, row.injected])).toEqual([
    ["istio-sidecar-injector", "default", injected],
    ["istio-sidecar-injector-canary", "canary", byCanary],
  ]);
  if (typeof reason === "string") expect(rows[0]?.reason).toBe(reason);
  else expect(rows[0]?.reason).toMatch(reason);
});
