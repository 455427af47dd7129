import { expect, test } from "vitest";
import * as forms from "./forms.ts";
import { quantityValue } from "./quantity.ts";

test.each<{
  readonly name: string;
  readonly form: forms.Form<unknown>;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}>([
  {
    name: "ports",
    form: forms.ports,
    good: ["", "80", "80,443", " 80 , 443 "],
    bad: ["*", "0", "65536", "http", "80;443", "80,", "8e1", "-1", "80-90"],
  },
  { name: "portsOrAll", form: forms.portsOrAll, good: ["*", "", "80"], bad: ["*,80", "**"] },
  {
    name: "cidrs",
    form: forms.cidrs,
    good: ["", "10.0.0.0/8", "10.0.0.1/32,fd00::/8", "::/0"],
    bad: ["10.0.0.1", "10.0.0.0/33", "fd00::/129", "a/8", "10.0.0.0/8/8", "fe80::1%eth0/64", "10.0.0.0/-1"],
  },
  { name: "cidrsOrAll", form: forms.cidrsOrAll, good: ["*", "10.0.0.0/8"], bad: ["* ,10.0.0.0/8"] },
  {
    name: "interfaces",
    form: forms.interfaces,
    good: ["eth1", "net1,tap0"],
    bad: ["eth 1", "a-very-long-interface", "-j", "$(x)"],
  },
  {
    name: "quantity",
    form: forms.quantity,
    good: ["100m", "2", "1.5", "128Mi", "1e3", ".5"],
    bad: ["", "much", "1 Gi", "-1", "128Mi\nx", "1Gi\u0000", "1e3Mi"],
  },
  { name: "trueOrFalse", form: forms.trueOrFalse, good: ["true", "false"], bad: ["yes", "True", ""] },
  { name: "wholeNumber", form: forms.wholeNumber, good: ["0", "15"], bad: ["-1", "1.5", "", "x"] },
  { name: "seconds", form: forms.seconds, good: ["0", "3600"], bad: ["3601", "2s"] },
  { name: "logLevel", form: forms.logLevel, good: ["debug", "warning"], bad: ["loud", "err", ""] },
  {
    name: "componentLogLevels",
    form: forms.componentLogLevels,
    good: ["misc:error", "rbac:debug,http:info", ""],
    bad: ["debug", "rbac:loud", "a:b:c", "RBAC:debug", "nothing:debug"],
  },
  { name: "words", form: forms.words, good: ["cluster.outbound", "a,b"], bad: ["a,,b"] },
  {
    name: "imageName",
    form: forms.imageName,
    good: ["auto", "docker.io/a/b:1", "a@sha256:0f"],
    bad: ["", "a b", "-a"],
  },
  {
    name: "namedObjects",
    form: forms.namedObjects,
    good: ["{}", "[]", '{"a":{"emptyDir":{}}}', '[{"name":"a","mountPath":"/a"},{"name":"a","mountPath":"/b"}]'],
    bad: ["x", "1", '{"a":1}', '{"":{}}', "", "[1]", '[{"mountPath":"/a"}]', '[{"name":""}]'],
  },
])("form $name takes what it expects and nothing else", ({ form: { expects, parse }, good, bad }) => {
  expect(good.filter((text) => parse(text) === undefined)).toEqual([]);
  expect(bad.filter((text) => parse(text) !== undefined)).toEqual([]);
  expect(expects).not.toBe("");
});

test("ports gives the numbers in their order", () => {
  expect(forms.ports.parse("443, 80")).toEqual([443, 80]);
});

test.each([
  ["1500m", 1.5],
  ["2", 2],
  [4, 4],
  ["1Ki", 1024],
  ["1e3", 1000],
  ["0.5", 0.5],
  ["many", undefined],
  ["1.2.3", undefined],
  [null, undefined],
])("quantityValue(%j) is %j", (quantity, want) => {
  expect(quantityValue(quantity)).toBe(want);
});
