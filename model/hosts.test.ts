import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isInPrefix, prefixOf, withoutPort } from "./authority.ts";
import { buildSnapshot } from "./build.ts";
import { bySpecificity, hostsInCommon, matchesHost } from "./host-patterns.ts";
import { completeHost, hostname, isVisible, namesOf, resolveHost, serviceFor } from "./hosts.ts";
import { shop } from "./testing/shop.ts";
import { worldOf } from "./testing/world-of.ts";

const more = `
apiVersion: v1
kind: Service
metadata: { name: stars, namespace: shop }
spec: { type: ExternalName, externalName: ratings.shop.svc.cluster.local }
---
apiVersion: v1
kind: Service
metadata: { name: hidden, namespace: secret, annotations: { networking.istio.io/exportTo: "." } }
spec: { clusterIP: 10.96.0.99, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: big, namespace: shop }
spec: { hosts: ["*.big.pictures.example"], ports: [{ number: 443, name: tls, protocol: TLS }], resolution: NONE }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: mine, namespace: secret }
spec: { hosts: [api.example], exportTo: ["."], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: everybodys, namespace: shop, creationTimestamp: "2020-01-01T00:00:00Z" }
spec: { hosts: [api.example], ports: [{ number: 81, name: http, protocol: HTTP }], resolution: DNS }
`;
const snapshot = buildSnapshot(worldOf(...shop, more));
const view = (namespace: string) => ({ namespace, labels: {} });

describe("resolveHost()", () => {
  test.each([
    ["reviews", "reviews.shop.svc.cluster.local"],
    ["Reviews", "reviews.shop.svc.cluster.local"],
    ["reviews.other", "reviews.other"],
    ["*", "*"],
    ["*.example.com", "*.example.com"],
    ["10.0.0.1", "10.0.0.1"],
    ["fd00::1", "fd00::1"],
  ])("makes of %s in shop %s", (host, want) => {
    expect(resolveHost(host, "shop", "cluster.local")).toBe(want);
  });

  test("is not enough for the short forms with a dot: completeHost() completes those that exist", () => {
    const exists = (name: string) => name === "reviews.other.svc.cluster.local";
    expect(completeHost("reviews.other", "shop", "cluster.local", exists)).toBe("reviews.other.svc.cluster.local");
    expect(completeHost("reviews.other.svc", "shop", "cluster.local", exists)).toBe("reviews.other.svc.cluster.local");
    expect(completeHost("reviews.com", "shop", "cluster.local", exists)).toBe("reviews.com");
  });
});

describe("serviceFor()", () => {
  test.each([
    { authority: "reviews", from: "shop", want: "reviews.shop.svc.cluster.local" },
    { authority: "REVIEWS.shop:9080", from: "other", want: "reviews.shop.svc.cluster.local" },
    { authority: "reviews.shop.svc", from: "other", want: "reviews.shop.svc.cluster.local" },
    { authority: "reviews.shop.svc.cluster.local.", from: "other", want: "reviews.shop.svc.cluster.local" },
    { authority: "reviews", from: "other", want: undefined },
    { authority: "10.96.0.7:9080", from: "other", want: "reviews.shop.svc.cluster.local" },
    { authority: "10.96.0.77", from: "other", want: undefined },
    { authority: "hidden.secret", from: "secret", want: "hidden.secret.svc.cluster.local" },
    { authority: "hidden.secret", from: "shop", want: undefined },
    { authority: "10.96.0.99", from: "shop", want: undefined },
    { authority: "a.pictures.example", from: "shop", want: "*.pictures.example" },
    { authority: "a.b.pictures.example", from: "shop", want: "*.pictures.example" },
    { authority: "a.big.pictures.example", from: "shop", want: "*.big.pictures.example" },
    { authority: "pictures.example", from: "shop", want: undefined },
    { authority: "stars", from: "shop", want: "ratings.shop.svc.cluster.local" },
  ])("finds for $authority from $from $want", ({ authority, from, want }) => {
    expect(serviceFor(snapshot, view(from), authority)?.hostname).toBe(want);
  });

  test("prefers what the own namespace says to what is older", () => {
    expect(serviceFor(snapshot, view("secret"), "api.example")?.origin.name).toBe("mine");
    expect(serviceFor(snapshot, view("shop"), "api.example")?.origin.name).toBe("everybodys");
  });
});

describe("namesOf()", () => {
  const ratings = snapshot.services.get(hostname("ratings.shop.svc.cluster.local"));
  test("has short forms, aliases and addresses; the shortest in the own namespace only", () => {
    if (ratings === undefined) throw new Error("there is no service");
    const own = namesOf(snapshot, ratings, "shop");
    expect(own).toEqual([
      "ratings.shop.svc.cluster.local",
      "ratings.shop.svc",
      "ratings.shop",
      "ratings",
      "stars.shop.svc.cluster.local",
      "stars.shop.svc",
      "stars.shop",
      "stars",
      "10.96.0.8",
    ]);
    expect(namesOf(snapshot, ratings, "other")).toEqual(own.filter((name) => !["ratings", "stars"].includes(name)));
  });

  test("are what serviceFor() understands", () => {
    for (const service of snapshot.services.values()) {
      if (service.resolution === "external-name" || service.hostname.startsWith("*")) continue;
      for (const from of ["shop", "secret"]) {
        if (!isVisible(service.exportTo, service.namespace, from) || service.hostname === "api.example") continue;
        for (const name of namesOf(snapshot, service, from)) {
          expect(serviceFor(snapshot, view(from), name)?.hostname).toBe(service.hostname);
        }
      }
    }
  });
});

describe("matchesHost()", () => {
  test.each([
    ["*", "a.b", true],
    ["*.b", "a.b", true],
    ["*.b", "b", false],
    ["*.b", "*.a.b", true],
    ["*.a.b", "*.b", false],
    ["a.b", "*.b", false],
    ["*-x.b", "a-x.b", true],
  ])("of %s and %s is %s", (pattern, host, want) => {
    expect(matchesHost(pattern, host)).toBe(want);
  });

  const host = fc
    .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
    .map((labels) => labels.join("."));
  const pattern = fc.oneof(
    host,
    host.map((name) => `*.${name}`),
    fc.constant("*"),
  );

  test("agrees with hostsInCommon(): a host matches both patterns exactly when it matches what they have in common", () => {
    fc.assert(
      fc.property(pattern, pattern, host, (a, b, name) => {
        const common = hostsInCommon(a, b);
        const both = matchesHost(a, name) && matchesHost(b, name);
        expect(both).toBe(common !== undefined && matchesHost(common, name));
      }),
    );
  });

  test("and bySpecificity(): of two patterns for a host the first is covered by the second", () => {
    fc.assert(
      fc.property(pattern, pattern, host, (a, b, name) => {
        fc.pre(matchesHost(a, name) && matchesHost(b, name));
        const [first = "", second = ""] = [a, b].toSorted(bySpecificity);
        expect(matchesHost(second, first)).toBe(true);
      }),
    );
  });
});

describe("addresses", () => {
  test.each([
    ["reviews:9080", "reviews"],
    ["reviews", "reviews"],
    ["[fd00::1]:80", "fd00::1"],
    ["fd00::1", "fd00::1"],
    ["10.0.0.1:80", "10.0.0.1"],
  ])("withoutPort() makes of %s %s", (authority, want) => {
    expect(withoutPort(authority)).toBe(want);
  });

  test.each([
    ["10.1.2.3", 24, "10.1.2.0/24"],
    ["10.1.255.3", 12, "10.0.0.0/12"],
    ["fd00:0:0:1:2::3", 64, "fd00:0:0:1::/64"],
    ["::ffff:10.1.2.3", 120, "::ffff:a01:200/120"],
  ])("prefixOf() makes of %s and %i %s", (address, length, want) => {
    expect(prefixOf(address, length)).toBe(want);
  });

  test("isInPrefix() holds for the prefix of an address, and for no other family", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 32 }), (address, length) => {
        const prefix = prefixOf(address, length);
        expect(isInPrefix(address, prefix)).toBe(true);
        expect(isInPrefix(address.includes(":") ? "10.0.0.1" : "fd00::1", prefix)).toBe(false);
      }),
    );
  });
});
