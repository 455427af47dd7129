import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { externalNames, portNames } from "./port-names.ts";

const found = (ports: string, spec = "", metadata = "") => {
  const text = `{ apiVersion: v1, kind: Service, metadata: { name: a, ${metadata} }, spec: { ports: [${ports}], ${spec} } }`;
  const world = worldOf();
  return reviewBy([portNames, externalNames], objectOf(text), world, buildSnapshot(world)).map(
    ({ code, severity, path }) => `${severity} ${code} ${path}`,
  );
};
const external = "type: ExternalName, externalName: www.example.com";

test.each([
  { ports: "{ port: 8080 }", want: ["info PIL1951 spec.ports[0]"] },
  { ports: "{ port: 80, name: http }, { port: 8080, name: web }", want: ["info PIL1951 spec.ports[1].name"] },
  { ports: "{ port: 8080, name: grpc-web }", want: [] },
  { ports: "{ port: 8080, name: web, appProtocol: http }", want: [] },
  { ports: "{ port: 8080, name: http, appProtocol: smoke }", want: ["info PIL1951 spec.ports[0].name"] },
  { ports: "{ port: 53, name: dns, protocol: UDP }", want: [] },
  { ports: "{ port: 3306 }", want: [] },
  { ports: "{ port: 15008, name: mesh }", metadata: "labels: { gateway.istio.io/managed: a }", want: [] },
  { ports: "{ port: 443, name: web }", spec: external, want: ["warning PIL1952 spec.ports[0].name"] },
  { ports: "{ port: 443 }", spec: external, want: ["warning PIL1952 spec.ports[0]"] },
  { ports: "{ port: 443, name: tcp }", spec: external, want: ["warning PIL1952 spec.ports[0].name"] },
  { ports: "{ port: 443, name: https }", spec: external, want: [] },
])("review() says $want of $ports", ({ ports, spec, metadata, want }) => {
  expect(found(ports, spec, metadata)).toEqual(want);
});
