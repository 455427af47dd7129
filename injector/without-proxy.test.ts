import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { injectorSettings } from "./settings.ts";
import { whyWithoutProxy } from "./without-proxy.ts";

const settings = injectorSettings({ tags: ["stable"] });
const pod = (labels: JsonObject, spec: JsonObject = {}): JsonObject => ({
  metadata: { name: "web", labels },
  spec: { containers: [{ name: "web" }], ...spec },
});
const inject = (value: string): JsonObject => ({ "sidecar.istio.io/inject": value });

test.each<{
  readonly name: string;
  readonly given: JsonObject;
  readonly labels: Record<string, string>;
  readonly want: string | undefined;
}>([
  {
    name: "a pod of a labelled namespace",
    given: pod({}),
    labels: { "istio-injection": "enabled" },
    want: "created-before",
  },
  {
    name: "a pod of a namespace with a tag",
    given: pod({}),
    labels: { "istio.io/rev": "stable" },
    want: "created-before",
  },
  {
    name: "a pod that opted out",
    given: pod(inject("false")),
    labels: { "istio-injection": "enabled" },
    want: "pod-opted-out",
  },
  {
    name: "a pod in its node's network",
    given: pod({}, { hostNetwork: true }),
    labels: { "istio-injection": "enabled" },
    want: "host-network",
  },
  {
    name: "a pod that asks where nobody may",
    given: pod(inject("true")),
    labels: { "istio-injection": "disabled" },
    want: "namespace-not-selected",
  },
  { name: "a pod that nobody meant", given: pod({}), labels: {}, want: undefined },
  { name: "a pod that opted out where nobody asked", given: pod(inject("false")), labels: {}, want: undefined },
  { name: "a pod of another revision", given: pod({}), labels: { "istio.io/rev": "other" }, want: undefined },
  {
    name: "a pod with a proxy",
    given: pod({}, { initContainers: [{ name: "istio-proxy" }] }),
    labels: { "istio-injection": "enabled" },
    want: undefined,
  },
])("whyWithoutProxy() says $want for $name", ({ given, labels, want }) => {
  expect(whyWithoutProxy(given, { name: "shop", labels }, settings)?.code).toBe(want);
});
