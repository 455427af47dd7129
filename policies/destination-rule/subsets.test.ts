import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectsOf } from "../../model/testing/world-of.ts";
import { emptyWorld } from "../../model/world.ts";
import { reviewBy } from "../review.ts";
import { subsetNames } from "./subsets.ts";

// Such a name makes the name of a cluster that Envoy refuses, whether or not there is such a subset.
test.each([
  { subset: "v1", want: [] },
  { subset: '""', want: [] },
  { subset: "x".repeat(63), want: [] },
  { subset: "x".repeat(64), want: ["spec.http[0].route[0].destination.subset"] },
  { subset: "v1|blue", want: ["spec.http[0].route[0].destination.subset"] },
])("subsetNames judges a route to $subset", ({ subset, want }) => {
  const [candidate] = objectsOf(`
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: { name: reviews, namespace: shop }
    spec: { hosts: [reviews], http: [{ route: [{ destination: { host: reviews, subset: ${subset} } }] }] }`);
  if (candidate === undefined) throw new Error("the text holds no object");
  const found = reviewBy([subsetNames], candidate, emptyWorld(), buildSnapshot(emptyWorld()));
  expect(found.map(({ path }) => path)).toEqual(want);
});
