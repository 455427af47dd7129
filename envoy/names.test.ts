// Names are read back as they were written, and nothing else is taken for one.
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostname } from "../model/hosts.ts";
import {
  addressCluster,
  inboundCluster,
  listenerName,
  meshServerName,
  outboundCluster,
  parseAddressCluster,
  parseInboundCluster,
  parseListenerName,
  parseOutboundCluster,
  parseRoutes,
  parseVirtualHost,
} from "./names.ts";

const host = hostname("reviews.shop.svc.cluster.local");

test.each([
  {
    made: outboundCluster({ port: 9080, subset: "v1", host }),
    want: "outbound|9080|v1|reviews.shop.svc.cluster.local",
  },
  {
    made: outboundCluster({ port: 9080, subset: undefined, host }),
    want: "outbound|9080||reviews.shop.svc.cluster.local",
  },
  {
    made: meshServerName({ port: 9080, subset: "v1", host }),
    want: "outbound_.9080_.v1_.reviews.shop.svc.cluster.local",
  },
  {
    made: meshServerName({ port: 9080, subset: undefined, host }),
    want: "outbound_.9080_._.reviews.shop.svc.cluster.local",
  },
  { made: inboundCluster(9080), want: "inbound|9080||" },
  { made: listenerName("0.0.0.0", 9080), want: "0.0.0.0_9080" },
  { made: addressCluster({ layer: "tcp", address: "10.96.1.2", port: 9090 }), want: "tcp|10.96.1.2:9090" },
  { made: addressCluster({ layer: "tcp", address: "fd00::1", port: 9090 }), want: "tcp|[fd00::1]:9090" },
])("names are Istio's: $want", ({ made, want }) => {
  expect(made).toBe(want);
});

test("parseOutboundCluster() reads what outboundCluster() writes", () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  const subset = fc.option(fc.stringMatching(/^[a-z0-9-]{1,10}$/), { nil: undefined });
  fc.assert(
    fc.property(port, subset, fc.domain(), (number, name, domain) => {
      const parts = { port: number, subset: name, host: hostname(domain) };
      expect(parseOutboundCluster(outboundCluster(parts))).toEqual(parts);
    }),
  );
});

test("parseAddressCluster() reads what addressCluster() writes", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const layer = fc.constantFrom<"tcp" | "http">("tcp", "http");
  fc.assert(
    fc.property(layer, address, fc.integer({ min: 1, max: 65_535 }), (kind, ip, port) => {
      const parts = { layer: kind, address: ip, port };
      expect(parseAddressCluster(addressCluster(parts))).toEqual(parts);
    }),
  );
});

test.each([
  { name: "PassthroughCluster" },
  { name: "outbound|x||host" },
  { name: "tcp|reviews:9080" },
  { name: "inbound|9080||more" },
  { name: "virtualOutbound" },
  { name: "" },
])("parse functions take $name for nothing that it is not", ({ name }) => {
  expect(parseOutboundCluster(name)).toBeUndefined();
  expect(parseAddressCluster(name)).toBeUndefined();
  expect(parseInboundCluster(name)).toBeUndefined();
  expect(parseListenerName(name)).toBeUndefined();
  expect(parseRoutes(name)).toBeUndefined();
  expect(parseVirtualHost(name)).toBeUndefined();
});

test("parseRoutes() tells the mesh's routes from the others", () => {
  expect(parseRoutes("9080")).toEqual({ port: 9080, external: false });
  expect(parseRoutes("9080~external")).toEqual({ port: 9080, external: true });
});

test("parseVirtualHost() reads port and authority, in lower case", () => {
  expect(parseVirtualHost("9080/Reviews:9080")).toEqual({ port: 9080, authority: "reviews:9080" });
});
