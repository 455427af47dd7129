import { expect, test } from "vitest";
import type { NamespaceFacts } from "./decide.ts";
import { inject } from "./inject.ts";
import { listAt, objectAt, textsAt } from "./json.ts";
import { networkLabel, settingsOfNetwork } from "./network.ts";
import { injectorSettings } from "./settings.ts";

const spec = { containers: [{ name: "web" }] };
const podIn = (network?: string) => ({
  metadata: { name: "web", labels: network === undefined ? {} : { [networkLabel]: network } },
  spec,
});
const namespaceIn = (network?: string): NamespaceFacts => ({
  name: "shop",
  labels: network === undefined ? {} : { [networkLabel]: network },
});

/** The label, and whether the proxy says the same. */
function injected(network: string, pod: string | undefined, namespace: string | undefined) {
  const settings = injectorSettings({ network });
  const once = inject(podIn(pod), namespaceIn(namespace), settings).pod;
  expect(inject(once, namespaceIn(namespace), settings).pod).toEqual(once);
  const bootstrap = JSON.stringify(listAt(objectAt(once, "spec"), "initContainers"));
  const metadata = /NETWORK\\+":\\+"(.*?)\\+"/.exec(bootstrap)?.[1];
  return { label: textsAt(objectAt(once, "metadata"), "labels")[networkLabel], metadata };
}

test.each([
  { name: "the settings'", settings: "vpc-1", pod: undefined, namespace: undefined, want: "vpc-1" },
  { name: "the namespace's", settings: "vpc-1", pod: undefined, namespace: "vpc-2", want: "vpc-2" },
  { name: "the pod's own", settings: "vpc-1", pod: "vpc-3", namespace: "vpc-2", want: "vpc-3" },
  { name: "none", settings: "", pod: undefined, namespace: undefined, want: undefined },
])("inject() writes down $name network, in the label and in the proxy", ({ settings, pod, namespace, want }) => {
  expect(injected(settings, pod, namespace)).toEqual({ label: want, metadata: want });
});

test("inject() leaves a network out of the labels where it is no value of one", () => {
  expect(injected("a/b", undefined, undefined)).toEqual({ label: undefined, metadata: "a/b" });
});

test("settingsOfNetwork() gives the same object for the same network", () => {
  const settings = injectorSettings({ network: "vpc-1" });
  expect(settingsOfNetwork(settings, podIn("vpc-1"), namespaceIn())).toBe(settings);
  const other = settingsOfNetwork(settings, podIn("vpc-2"), namespaceIn());
  expect(other.network).toBe("vpc-2");
  expect(settingsOfNetwork(settings, podIn("vpc-2"), namespaceIn())).toBe(other);
});
