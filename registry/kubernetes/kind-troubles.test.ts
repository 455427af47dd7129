import { expect, test } from "vitest";
import type { KindStatus } from "./kind-tracker.ts";
import { kindTroubles } from "./kind-troubles.ts";

const status = (kind: KindStatus["kind"], state: KindStatus["state"], problem?: string): KindStatus => ({
  kind,
  state,
  objects: 0,
  ...(problem === undefined ? {} : { problem }),
});
const refusal = (plural: string): string =>
  `403 ${plural} is forbidden: User "istiod" cannot list resource "${plural}" in API group "" at the cluster scope`;

test.each<{ name: string; given: readonly KindStatus[]; want: readonly RegExp[] }>([
  { name: "nothing where all is well", given: [status("Pod", "watching"), status("Node", "starting")], want: [] },
  {
    name: "one sentence for all that are not installed",
    given: (["Gateway", "VirtualService", "Sidecar", "ServiceEntry"] as const).map((kind) => status(kind, "absent")),
    want: [
      /^the cluster has no CRDs of gateways.*, virtualservices.*, sidecars.* and 1 more: .*helm install istio-base/,
    ],
  },
  {
    name: "the right that is missing, and how to look",
    given: [status("Pod", "refused", refusal("pods")), status("Node", "refused", refusal("nodes"))],
    want: [
      /let Pillion list and watch pods, nodes\. Look with "kubectl auth can-i list pods -A --as=istiod", and helm upgrade/,
    ],
  },
  {
    name: "why the API server does not answer",
    given: [status("Pod", "failing", "503 busy"), status("Gateway", "absent")],
    want: [/^the cluster has no CRDs of gateways/, /^the API server does not tell of pods: 503 busy$/],
  },
])("kindTroubles() tells $name", ({ given, want }) => {
  const problems = kindTroubles(given).map(({ problem }) => problem);
  expect(problems).toHaveLength(want.length);
  for (const [index, pattern] of want.entries()) expect(problems[index]).toMatch(pattern);
});
