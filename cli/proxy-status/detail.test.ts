import { expect, test } from "vitest";
import { detailLines } from "./detail.ts";
import { proxyWith, typeIn } from "./testing/proxy.ts";

const error = {
  type: "VHDS",
  resource: "80/reviews",
  message: "no such cluster",
  objects: ["VirtualService shop/reviews"],
} as const;

test("detailLines() tells what a proxy refused and what it was made from, what is on its way, and what it knows", () => {
  const names = { hosts: ["80/reviews"], unacknowledged: ["CDS web"], waiting: [], late: [] };
  const proxy = proxyWith({ CDS: typeIn("STALE", 3) }, { errors: [error], detail: names });
  expect(detailLines(proxy).join("\n")).toBe(`Proxy:         web-1.shop (sidecar)
Envoy:         1.40.0
Cluster:       Kubernetes
Revision:      default
Connected to:  istiod-1, for 3m
Last sent:     12s ago
Hosts:         2 held, 1 known from the start

TYPE   STATUS       RESOURCES
CDS    STALE (3s)   1
LDS    NOT SENT     0
EDS    NOT SENT     0
RDS    NOT SENT     0
VHDS   NOT SENT     0
SDS    NOT SENT     0
ECDS   NOT SENT     0

Refused by Envoy, whose last good form stays:
  VHDS 80/reviews, from VirtualService shop/reviews: no such cluster

Sent, and not acknowledged yet:
  CDS web

Hosts that it holds:
  80/reviews`);
});

test("detailLines() leaves out what there is nothing to say about", () => {
  const full = { hosts: { held: 0, learned: 1_000, full: true }, envoyVersion: "" };
  const text = detailLines(proxyWith({}, full)).join("\n");
  expect(text).not.toMatch(/Refused|Sent|holds/);
  expect(text).toMatch(/^Envoy: +-$/m);
  expect(text).toContain("no more are remembered");
});
