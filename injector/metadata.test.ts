import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { canonicalName } from "./metadata.ts";

const owned = (kind: string, name: string): JsonObject => ({ ownerReferences: [{ kind, name, controller: true }] });

test.each<{ readonly name: string; readonly metadata: JsonObject; readonly want: string }>([
  { name: "its own label", metadata: { labels: { "service.istio.io/canonical-name": "a", app: "b" } }, want: "a" },
  { name: "app.kubernetes.io/name", metadata: { labels: { "app.kubernetes.io/name": "a", app: "b" } }, want: "a" },
  { name: "app", metadata: { name: "x", labels: { app: "b" } }, want: "b" },
  {
    name: "a Deployment's name",
    metadata: { ...owned("ReplicaSet", "web-v1-5f7"), labels: { "pod-template-hash": "5f7" } },
    want: "web-v1",
  },
  { name: "a StatefulSet's name", metadata: { name: "db-0", ...owned("StatefulSet", "db") }, want: "db" },
  { name: "a CronJob's name", metadata: owned("Job", "backup-28999999"), want: "backup" },
  { name: "a Job's name", metadata: owned("Job", "import"), want: "import" },
  { name: "the pod's name", metadata: { name: "web" }, want: "web" },
  { name: "the beginning of the pod's name", metadata: { generateName: "web-" }, want: "web" },
  { name: "no more than a label holds", metadata: { name: `${"a".repeat(62)}-b` }, want: "a".repeat(62) },
])("canonicalName() is $name", ({ metadata, want }) => {
  expect(canonicalName({ metadata })).toBe(want);
});
