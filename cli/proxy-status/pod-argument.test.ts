import { expect, test } from "vitest";
import { isMeant, parsePodArgument } from "./pod-argument.ts";

test.each([
  { argument: "web-1", proxy: "web-1.default", want: true },
  { argument: "web-1", proxy: "web-1.shop", want: false },
  { argument: "web-1.shop", proxy: "web-1.shop", want: true },
  { argument: "pod/web-1.shop", proxy: "web-1.shop", want: true },
  { argument: "web.v1", proxy: "web.v1.default", want: true },
  { argument: "web", proxy: "web-1.default", want: false },
  { argument: "deploy/web", proxy: "web-7d4b9c-x2x4z.default", want: true },
  { argument: "deployment.apps/web.shop", proxy: "web-7d4b9c-x2x4z.shop", want: true },
  { argument: "deploy/web", proxy: "web-api-7d4b9c-x2x4z.default", want: false },
  { argument: "deploy/web", proxy: "web-0.default", want: false },
  { argument: "web", proxy: "web-7d4b9c-x2x4z.default", want: false },
])("isMeant() says whether $argument is $proxy: $want", ({ argument, proxy, want }) => {
  expect(isMeant(parsePodArgument(argument), proxy, "default")).toBe(want);
});

test.each(["svc/web", "pod/", ""])("parsePodArgument() refuses %j and says how to write it", (argument) => {
  expect(() => parsePodArgument(argument)).toThrow(/POD_ARGUMENT: .* names no pod\. Write it like/);
});
