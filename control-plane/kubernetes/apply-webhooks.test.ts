import { expect, test } from "vitest";
import { otherInstallation } from "./apply-webhooks.ts";

const configuration = (labels: Record<string, string>, ...roles: string[]) => ({
  metadata: { labels, ownerReferences: roles.map((name) => ({ kind: "ClusterRole", name, uid: "1" })) },
});
const ours = { "app.kubernetes.io/managed-by": "pillion" };

test.each([
  { name: "ours", given: configuration(ours, "mine"), role: "mine", want: undefined },
  { name: "ours without owner", given: configuration(ours), role: undefined, want: undefined },
  // An installation that had no owner before gets one.
  { name: "ours from before", given: configuration(ours), role: "mine", want: undefined },
  {
    name: "Istio's",
    given: configuration({ app: "sidecar-injector" }),
    role: "mine",
    want: "a control plane that is not Pillion",
  },
  {
    name: "a second Pillion's",
    given: configuration(ours, "theirs"),
    role: "mine",
    want: 'the Pillion installation of ClusterRole "theirs"',
  },
  {
    name: "a chart's, seen by one without owner",
    given: configuration(ours, "theirs"),
    role: undefined,
    want: 'the Pillion installation of ClusterRole "theirs"',
  },
])("otherInstallation() tells whose a configuration is: $name", ({ given, role, want }) => {
  expect(otherInstallation(given, role)).toBe(want);
});
