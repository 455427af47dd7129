import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { unknownHost } from "./destinations.ts";

const service = (exportTo: string) => `
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: shop, annotations: { networking.istio.io/exportTo: "${exportTo}" } }
spec: { clusterIP: 10.96.0.10, ports: [{ name: http, port: 80 }] }`;
const candidate = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front, namespace: web }
spec:
  hosts: [www.example.com]
  http: [{ route: [{ destination: { host: reviews.shop.svc.cluster.local } }] }]`;

test.each([
  { exportTo: "*", want: [] },
  { exportTo: "web", want: [] },
  {
    exportTo: ".",
    want: [
      {
        problem: 'namespace "web" does not see Service shop/reviews, which is "reviews.shop.svc.cluster.local"',
        fix: 'Add "web" to exportTo of Service shop/reviews',
        others: [{ kind: "Service", namespace: "shop", name: "reviews" }],
      },
    ],
  },
])("unknownHost judges a destination that is exported to $exportTo", ({ exportTo, want }) => {
  const world = worldOf(service(exportTo));
  expect(reviewBy([unknownHost], objectOf(candidate), world, buildSnapshot(world))).toMatchObject(want);
});
