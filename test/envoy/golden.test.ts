// Whatever the golden files hold, a real Envoy takes.

import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encode } from "../../envoy/encode.ts";
import { VirtualHostSchema } from "../../envoy/proto/envoy/config/route/v3/route_components_pb.ts";
import { typeUrls } from "../../envoy/resource.ts";
import { goldenCase, goldenNames } from "../../envoy/testing/golden.ts";
import { type Judge, startJudge } from "./judge.ts";

let judge: Judge;

beforeAll(async () => {
  judge = await startJudge();
});

afterAll(async () => {
  await judge?.stop();
});

test("Envoy refuses what is wrong, so that its consent means something", async () => {
  const message = create(VirtualHostSchema, {
    name: "bad",
    domains: ["*"],
    routes: [
      {
        match: { pathSpecifier: { case: "prefix", value: "/" } },
        action: { case: "directResponse", value: { status: 600 } },
      },
    ],
  });
  const bad = encode(typeUrls.virtualHost, "bad", VirtualHostSchema, { message });
  expect(await judge.verdict(bad)).toContain("600");
});

test("Envoy takes a regular expression that is as long as the rules allow", async () => {
  const regex = "x".repeat(1024);
  const message = create(VirtualHostSchema, {
    name: "long",
    domains: ["*"],
    routes: [
      {
        match: { pathSpecifier: { case: "safeRegex", value: { regex } } },
        action: { case: "directResponse", value: { status: 200 } },
      },
    ],
  });
  const long = encode(typeUrls.virtualHost, "long", VirtualHostSchema, { message });
  expect(await judge.verdict(long)).toBeUndefined();
});

test.each(goldenNames())("Envoy takes every resource of %s", async (name) => {
  for (const { title, resource } of goldenCase(name).shown) {
    if (resource === undefined) continue;
    expect(await judge.verdict(resource), title).toBeUndefined();
  }
});
