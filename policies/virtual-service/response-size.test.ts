import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { responseSize } from "./answers.ts";

const world = worldOf();
const snapshot = buildSnapshot(world);
const largest = 1024 * 1024;

const codes = (body: object) => {
  const http = [{ directResponse: { status: 200, body } }];
  const metadata = { name: "a", namespace: "shop" };
  const kind = "VirtualService";
  const text = JSON.stringify({ apiVersion: "networking.istio.io/v1", kind, metadata, spec: { hosts: ["a"], http } });
  return reviewBy([responseSize], objectOf(text), world, snapshot).map(({ code, problem }) => `${code} ${problem}`);
};

test.each([
  { name: "1 MiB", body: { string: "x".repeat(largest) }, want: [] },
  { name: "a byte more", body: { string: "x".repeat(largest + 1) }, want: ["PIL1216 the body has 1048577 bytes"] },
  { name: "letters of 3 bytes", body: { string: "漢".repeat(400_000) }, want: ["PIL1216 the body has 1200000 bytes"] },
  { name: "1 MiB in Base64", body: { bytes: Buffer.alloc(largest).toString("base64") }, want: [] },
  {
    name: "more in Base64",
    body: { bytes: Buffer.alloc(largest + 1).toString("base64") },
    want: ["PIL1216 the body has 1048577 bytes"],
  },
])("responseSize counts the bytes of $name", ({ body, want }) => {
  expect(codes(body)).toEqual(want);
});
