// Who waits how long for the first bytes of a connection: docs/adr/0008-first-bytes.md.
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import { type Listener, ListenerSchema } from "../proto/envoy/config/listener/v3/listener_pb.ts";
import { type ProxyNode, typeUrls } from "../resource.ts";
import { shop } from "../testing/golden.ts";
import { translator } from "../translate.ts";

const echo: ProxyNode = { type: "sidecar", namespace: "shop", pod: "echo-v1-1", address: "10.244.1.4" };

function listener(name: string, ...objects: readonly string[]): Listener {
  const snapshot = buildSnapshot(worldOf(shop(), ...objects));
  const resource = translator.resource(snapshot, echo, typeUrls.listener, name);
  if (resource === undefined) throw new Error(`there is no listener ${name}`);
  return fromBinary(ListenerSchema, resource.bytes);
}

const waitMs = ({ listenerFiltersTimeout }: Listener): number =>
  Number(listenerFiltersTimeout?.seconds) * 1_000 + (listenerFiltersTimeout?.nanos ?? 0) / 1e6;

const mtls = (mode: string, ports = "") => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: echo, namespace: shop }
spec: { selector: { matchLabels: { app: echo } }, mtls: { mode: ${mode} }${ports} }`;
const service = (port: string, more = "clusterIP: 10.96.1.77") => `
apiVersion: v1
kind: Service
metadata: { name: more, namespace: shop }
spec: { selector: { app: more }, ports: [${port}], ${more} }`;
const meshConfig = (text: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${text}" }`;

describe("inboundListener()", () => {
  test.each([
    { name: "PERMISSIVE", objects: [], want: 2_000 },
    { name: "STRICT on every port", objects: [mtls("STRICT")], want: 10_000 },
    {
      name: "STRICT with a port that is not",
      objects: [mtls("STRICT", ", portLevelMtls: { 9000: { mode: PERMISSIVE } }")],
      want: 2_000,
    },
    {
      name: "STRICT by the mesh's connectTimeout",
      objects: [mtls("STRICT"), meshConfig("connectTimeout: 3s")],
      want: 3_000,
    },
    { name: "DISABLE", objects: [mtls("DISABLE")], want: 2_000 },
    { name: "a protocolDetectionTimeout", objects: [meshConfig("protocolDetectionTimeout: 250ms")], want: 250 },
    {
      name: "a protocolDetectionTimeout of 0s, which is for ever",
      objects: [meshConfig("protocolDetectionTimeout: 0s"), mtls("STRICT")],
      want: 0,
    },
  ])("waits for $name", ({ objects, want }) => {
    expect(waitMs(listener("virtualInbound", ...objects))).toBe(want);
  });

  test("does not look for TLS where it goes to the application in any case", () => {
    const filters = listener("virtualInbound", mtls("DISABLE")).listenerFilters;
    const tls = filters.find(({ name }) => name.endsWith("tls_inspector"));
    expect(tls?.filterDisabled?.rule).toMatchObject({
      case: "destinationPortRange",
      value: { start: 9000, end: 9001 },
    });
  });
});

describe("outboundListener()", () => {
  test.each([
    { name: "HTTP for everybody", port: 8080, objects: [], want: 0 },
    {
      name: "HTTP for one and HTTPS for another",
      port: 8080,
      objects: [service("{ name: https, port: 8080 }")],
      want: 0,
    },
    {
      name: "HTTP for one and TCP for another",
      port: 8080,
      objects: [service("{ name: mysql, port: 8080 }")],
      want: 2_000,
    },
    {
      name: "HTTP for one and TCP for a headless one",
      port: 8080,
      objects: [service("{ name: tcp, port: 8080 }", "clusterIP: None")],
      want: 2_000,
    },
    { name: "not declared", port: 7000, objects: [], want: 2_000 },
    {
      name: "not declared, with a protocolDetectionTimeout",
      port: 7000,
      objects: [meshConfig("protocolDetectionTimeout: 5s")],
      want: 5_000,
    },
  ])("waits where a port is $name", ({ port, objects, want }) => {
    expect(waitMs(listener(`0.0.0.0_${port}`, ...objects))).toBe(want);
  });
});
