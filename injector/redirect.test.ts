import { expect, test } from "vitest";
import { type Redirect, redirectRules, redirectScript } from "./redirect.ts";

const all: Redirect = {
  includeOutboundIPRanges: "*",
  excludeOutboundIPRanges: [],
  includeInboundPorts: "*",
  excludeInboundPorts: [],
  includeOutboundPorts: [],
  excludeOutboundPorts: [],
  excludeInterfaces: [],
  virtualInterfaces: [],
  proxyUser: 1337,
};

test("redirectRules() gives the least set of rules that work", () => {
  expect(redirectRules(all, "IPv4")).toMatchInlineSnapshot(`
    "*nat
    :PILLION_IN - [0:0]
    :PILLION_OUT - [0:0]
    -A PILLION_IN -p tcp -m multiport --dports 15020,15021,15090 -j RETURN
    -A PILLION_IN -p tcp -j REDIRECT --to-ports 15006
    -A PILLION_OUT -o lo -s 127.0.0.6/32 -j RETURN
    -A PILLION_OUT -o lo ! -d 127.0.0.1/32 -p tcp -m owner --uid-owner 1337 -j REDIRECT --to-ports 15006
    -A PILLION_OUT -m owner --uid-owner 1337 -j RETURN
    -A PILLION_OUT -o lo -j RETURN
    -A PILLION_OUT -p tcp -j REDIRECT --to-ports 15001
    COMMIT"
  `);
  expect(redirectRules(all, "IPv6")).toBe(
    redirectRules(all, "IPv4").replace("127.0.0.6/32", "::6/128").replace("127.0.0.1/32", "::1/128"),
  );
});

/** The rules of a family that are there with this change and not without it, and the other way round. */
function difference(change: Partial<Redirect>, family: "IPv4" | "IPv6" = "IPv4"): string[] {
  const before = redirectRules(all, family).split("\n");
  const after = redirectRules({ ...all, ...change }, family).split("\n");
  return [
    ...before.filter((rule) => !after.includes(rule)).map((rule) => `- ${rule}`),
    ...after.filter((rule) => !before.includes(rule)).map((rule) => `+ ${rule}`),
  ];
}

test.each<{
  readonly name: string;
  readonly change: Partial<Redirect>;
  readonly want: readonly string[];
  readonly family?: "IPv6";
}>([
  {
    name: "includeOutboundIPRanges",
    change: { includeOutboundIPRanges: ["10.0.0.0/8", "fd00::/8"] },
    want: [
      "- -A PILLION_OUT -p tcp -j REDIRECT --to-ports 15001",
      "+ -A PILLION_OUT -p tcp -d 10.0.0.0/8 -j REDIRECT --to-ports 15001",
    ],
  },
  {
    name: "includeOutboundIPRanges of IPv6",
    family: "IPv6",
    change: { includeOutboundIPRanges: ["10.0.0.0/8", "fd00::/8"] },
    want: [
      "- -A PILLION_OUT -p tcp -j REDIRECT --to-ports 15001",
      "+ -A PILLION_OUT -p tcp -d fd00::/8 -j REDIRECT --to-ports 15001",
    ],
  },
  {
    name: "empty includeOutboundIPRanges",
    change: { includeOutboundIPRanges: [] },
    want: ["- -A PILLION_OUT -p tcp -j REDIRECT --to-ports 15001"],
  },
  {
    name: "excludeOutboundIPRanges",
    change: { excludeOutboundIPRanges: ["10.1.0.0/16"] },
    want: ["+ -A PILLION_OUT -d 10.1.0.0/16 -j RETURN"],
  },
  {
    name: "includeInboundPorts",
    change: { includeInboundPorts: [80, 81] },
    want: [
      "- -A PILLION_IN -p tcp -j REDIRECT --to-ports 15006",
      "+ -A PILLION_IN -p tcp -m multiport --dports 80,81 -j REDIRECT --to-ports 15006",
    ],
  },
  {
    name: "empty includeInboundPorts",
    change: { includeInboundPorts: [] },
    want: ["- -A PILLION_IN -p tcp -j REDIRECT --to-ports 15006"],
  },
  {
    name: "excludeInboundPorts",
    change: { excludeInboundPorts: [8080, 15_090] },
    want: [
      "- -A PILLION_IN -p tcp -m multiport --dports 15020,15021,15090 -j RETURN",
      "+ -A PILLION_IN -p tcp -m multiport --dports 15020,15021,15090,8080 -j RETURN",
    ],
  },
  {
    name: "includeOutboundPorts",
    change: { includeOutboundPorts: [443] },
    want: ["+ -A PILLION_OUT -p tcp -m multiport --dports 443 -j REDIRECT --to-ports 15001"],
  },
  {
    name: "excludeOutboundPorts",
    change: { excludeOutboundPorts: [3306] },
    want: ["+ -A PILLION_OUT -p tcp -m multiport --dports 3306 -j RETURN"],
  },
  {
    name: "excludeInterfaces",
    change: { excludeInterfaces: ["net1"] },
    want: ["+ -A PILLION_IN -i net1 -j RETURN", "+ -A PILLION_OUT -o net1 -j RETURN"],
  },
  {
    name: "virtual interfaces",
    change: { virtualInterfaces: ["tap0"] },
    want: ["+ -A PILLION_IN -i tap0 -p tcp -j REDIRECT --to-ports 15001", "+ -A PILLION_IN -i tap0 -j RETURN"],
  },
])("redirectRules() honours $name", ({ change, want, family }) => {
  expect(difference(change, family)).toEqual(want);
});

test("redirectRules() leaves another user's traffic alone where the proxy runs as that user", () => {
  expect(redirectRules({ ...all, proxyUser: 1234 }, "IPv4")).toContain("-m owner --uid-owner 1234 -j RETURN");
});

test("redirectRules() splits long lists of ports into matches that iptables takes", () => {
  const ports = Array.from({ length: 40 }, (_, index) => 9000 + index);
  const lists = redirectRules({ ...all, excludeOutboundPorts: ports }, "IPv4").match(/--dports 9\S+/g) ?? [];
  expect(lists.map((list) => list.split(",").length)).toEqual([15, 15, 10]);
});

test("redirectScript holds nothing that Kubernetes would expand", () => {
  expect(redirectScript).not.toMatch(/\$[($]/);
});
