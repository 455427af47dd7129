import { expect, test } from "vitest";
import { selectedRevision } from "../model/injection-labels.ts";
import { decide, decideUnselected, type NamespaceFacts, type SkipCode } from "./decide.ts";
import type { JsonObject } from "./json.ts";
import { type InjectorSettings, injectorSettings } from "./settings.ts";

const enabled: NamespaceFacts = { name: "shop", labels: { "istio-injection": "enabled" } };
const plain: NamespaceFacts = { name: "shop", labels: {} };
const podWith = (metadata: JsonObject, spec: JsonObject = {}): JsonObject => ({
  metadata: { name: "web", ...metadata },
  spec,
});
const says = (value: string): JsonObject => podWith({ labels: { "sidecar.istio.io/inject": value } });
const foo = { matchExpressions: [{ key: "foo", operator: "Exists" as const }] };

interface Case {
  readonly name: string;
  readonly pod?: JsonObject;
  readonly namespace?: NamespaceFacts;
  readonly settings?: Partial<InjectorSettings>;
  readonly want: "sidecar" | "gateway" | SkipCode;
}

const cases: readonly Case[] = [
  { name: "injects in a labelled namespace", want: "sidecar" },
  { name: "leaves an unlabelled namespace alone", namespace: plain, want: "namespace-not-selected" },
  {
    name: "leaves a namespace alone that says disabled",
    namespace: { name: "shop", labels: { "istio-injection": "disabled" } },
    pod: says("true"),
    want: "namespace-not-selected",
  },
  { name: "takes a pod that asks in an unlabelled namespace", namespace: plain, pod: says("true"), want: "sidecar" },
  {
    name: "takes unlabelled namespaces by default where that is set",
    namespace: plain,
    settings: { enableNamespacesByDefault: true },
    want: "sidecar",
  },
  {
    name: "never injects a pod in its node's network",
    pod: podWith({ labels: { "sidecar.istio.io/inject": "true" } }, { hostNetwork: true }),
    want: "host-network",
  },
  {
    name: "never injects a pod for Windows",
    pod: podWith({ labels: { "sidecar.istio.io/inject": "true" } }, { os: { name: "windows" } }),
    want: "windows",
  },
  {
    name: "never injects a pod that selects nodes with Windows",
    pod: podWith({}, { nodeSelector: { "kubernetes.io/os": "windows" } }),
    want: "windows",
  },
  {
    name: "injects a pod that selects nodes with Linux",
    pod: podWith({}, { os: { name: "linux" }, nodeSelector: { "kubernetes.io/os": "linux" } }),
    want: "sidecar",
  },
  {
    name: "never injects in kube-system",
    namespace: { ...enabled, name: "kube-system" },
    pod: says("true"),
    want: "ignored-namespace",
  },
  {
    name: "asks hostNetwork before the namespace",
    namespace: { ...enabled, name: "kube-system" },
    pod: podWith({}, { hostNetwork: true }),
    want: "host-network",
  },
  { name: "obeys a pod's no", pod: says("false"), want: "pod-opted-out" },
  {
    name: "obeys an annotation's no",
    pod: podWith({ annotations: { "sidecar.istio.io/inject": "false" } }),
    want: "pod-opted-out",
  },
  {
    name: "lets the label win over the annotation",
    pod: podWith({
      labels: { "sidecar.istio.io/inject": "true" },
      annotations: { "sidecar.istio.io/inject": "false" },
    }),
    want: "sidecar",
  },
  { name: "takes any other value for none", pod: says("yes"), want: "sidecar" },
  {
    name: "obeys neverInjectSelector",
    pod: podWith({ labels: { foo: "" } }),
    settings: { neverInjectSelector: [foo] },
    want: "never-selector",
  },
  {
    name: "asks neverInjectSelector first",
    pod: podWith({ labels: { foo: "" } }),
    settings: { neverInjectSelector: [foo], alwaysInjectSelector: [foo] },
    want: "never-selector",
  },
  {
    name: "obeys alwaysInjectSelector against the policy",
    pod: podWith({ labels: { foo: "" } }),
    settings: { policy: "disabled", alwaysInjectSelector: [foo] },
    want: "sidecar",
  },
  { name: "takes no notice of an empty selector", settings: { neverInjectSelector: [{}] }, want: "sidecar" },
  { name: "obeys the policy", settings: { policy: "disabled" }, want: "policy-disabled" },
  { name: "lets a pod ask against the policy", pod: says("true"), settings: { policy: "disabled" }, want: "sidecar" },
  {
    name: "sees the gateway template",
    pod: podWith({ annotations: { "inject.istio.io/templates": "gateway" } }),
    want: "gateway",
  },
  {
    name: "leaves another revision's namespace alone",
    namespace: { name: "shop", labels: { "istio.io/rev": "canary" } },
    want: "other-revision",
  },
  {
    name: "takes its own revision's namespace",
    namespace: { name: "shop", labels: { "istio.io/rev": "canary" } },
    settings: { revision: "canary" },
    want: "sidecar",
  },
  {
    name: "takes a namespace of one of its tags",
    namespace: { name: "shop", labels: { "istio.io/rev": "stable" } },
    settings: { revision: "1-0", tags: ["stable"] },
    want: "sidecar",
  },
  { name: "leaves istio-injection to the default revision", settings: { revision: "canary" }, want: "other-revision" },
  {
    name: "prefers istio-injection to istio.io/rev",
    namespace: { name: "shop", labels: { "istio-injection": "enabled", "istio.io/rev": "canary" } },
    want: "sidecar",
  },
];

test.each(cases)("decide() $name", ({ pod = podWith({}), namespace = enabled, settings = {}, want }) => {
  const decision = decide(pod, namespace, injectorSettings(settings));
  expect(decision.inject ? decision.template : decision.code).toBe(want);
  if (!decision.inject) expect(decision.reason).toMatch(/^[a-z].*[^.]$/);
});

test("decideUnselected() does not ask for the namespace's labels", () => {
  expect(decideUnselected(podWith({}), "shop", injectorSettings({}))).toEqual({ inject: true, template: "sidecar" });
});

test("selectedRevision() prefers the namespace's revision to the pod's", () => {
  const namespace = { name: "shop", labels: { "istio.io/rev": "a" } };
  expect(selectedRevision({ "istio.io/rev": "b" }, namespace, false)).toBe("a");
});
