import { describe, expect, test } from "vitest";
import { dealSetting, dealValues, mergeValues, type Releases, splitSettings } from "./settings.ts";

const releases: Releases = { base: "istio-base", controlPlane: "istiod", gateways: ["istio-ingressgateway"] };

describe("splitSettings()", () => {
  test.each([
    { given: "a=1", want: ["a=1"] },
    { given: "profile=demo,a.b=2", want: ["profile=demo", "a.b=2"] },
    { given: "list={1,2},b=3", want: ["list={1,2}", "b=3"] },
    { given: "text=x\\,y,b=3", want: ["text=x\\,y", "b=3"] },
    { given: "end=\\", want: ["end=\\"] },
    { given: "", want: [] },
  ])("reads $given as helm does", ({ given, want }) => {
    expect(splitSettings(given)).toEqual(want);
  });
});

describe("dealSetting()", () => {
  test.each([
    { given: "meshConfig.trustDomain=x", want: [["istiod", "meshConfig.trustDomain=x"]] },
    { given: "values.global.tag=1", want: [["istiod", "global.tag=1"]] },
    { given: "base.excludedCRDs={a}", want: [["istio-base", "base.excludedCRDs={a}"]] },
    {
      given: "gateways.istio-ingressgateway.service.type=NodePort",
      want: [["istio-ingressgateway", "service.type=NodePort"]],
    },
    {
      given: "revision=canary",
      want: [
        ["istiod", "revision=canary"],
        ["istio-ingressgateway", "revision=canary"],
      ],
    },
  ])("gives $given to whom it concerns", ({ given, want }) => {
    expect(dealSetting(given, releases).map(({ release, text }) => [release, text])).toEqual(want);
  });

  test("names the gateways that there are", () => {
    expect(() => dealSetting("gateways.egress.replicaCount=1", releases)).toThrow(
      /"egress".*only istio-ingressgateway/,
    );
  });
});

describe("dealValues()", () => {
  test("deals as dealSetting() does", () => {
    const values = {
      revision: "canary",
      global: { tag: "1" },
      base: { enableCRDTemplates: false },
      gateways: { "istio-ingressgateway": { replicaCount: 2 } },
    };
    expect(Object.fromEntries(dealValues(values, releases))).toEqual({
      istiod: { revision: "canary", global: { tag: "1" } },
      "istio-base": { base: { enableCRDTemplates: false } },
      "istio-ingressgateway": { revision: "canary", replicaCount: 2 },
    });
  });
});

describe("mergeValues()", () => {
  test("merges objects and replaces the rest", () => {
    expect(mergeValues({ a: { b: 1, c: [1] }, d: 1 }, { a: { c: [2] }, d: { e: 1 } })).toEqual({
      a: { b: 1, c: [2] },
      d: { e: 1 },
    });
  });
});
