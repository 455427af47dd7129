import { expect, test } from "vitest";
import { holderOf, takenTags } from "./tags.ts";

const configuration = (
  name: string,
  revision: string,
  more: { tags?: string; istioTag?: string; created?: string } = {},
) => ({
  metadata: {
    name,
    labels: { "istio.io/rev": revision, ...(more.istioTag === undefined ? {} : { "istio.io/tag": more.istioTag }) },
    annotations: more.tags === undefined ? {} : { "pillion.io/tags": more.tags },
    creationTimestamp: more.created ?? "2026-11-01T00:00:00Z",
  },
});
const old = { created: "2026-10-01T00:00:00Z" };

test.each([
  { name: "a free one", others: [configuration("blue", "blue")], want: [] },
  { name: "our own", others: [configuration("green", "green", { tags: "prod,default" })], want: [] },
  { name: "a revision", others: [configuration("injector", "default")], want: ["default of injector"] },
  {
    name: "a tag",
    others: [configuration("blue", "blue", { tags: "prod,stable" })],
    want: ["prod of blue"],
  },
  {
    name: "a tag of Istio's",
    others: [configuration("istio-revision-tag-prod", "1-30", { istioTag: "prod" })],
    want: ["prod of istio-revision-tag-prod"],
  },
  {
    name: "one that both took at once, the older one's",
    others: [
      configuration("green", "green", { tags: "prod" }),
      configuration("blue", "blue", { tags: "prod", ...old }),
    ],
    want: ["prod of blue"],
  },
  {
    name: "one that both took at once, ours",
    others: [
      configuration("green", "green", { tags: "prod", ...old }),
      configuration("blue", "blue", { tags: "prod" }),
    ],
    want: [],
  },
])("takenTags() tells who has $name", ({ others, want }) => {
  const taken = takenTags(["prod", "default"], others, "green");
  expect(taken.map((one) => `${one.tag} of ${one.configuration}`)).toEqual(want);
});

test("holderOf() knows who has a revision's name as a tag", () => {
  const others = [configuration("blue", "blue", { tags: "default" })];
  expect(holderOf("default", others, "istio-sidecar-injector")).toBe("blue");
  expect(holderOf("default", others, "blue")).toBeUndefined();
  expect(holderOf("green", others, "istio-sidecar-injector-green")).toBeUndefined();
});
