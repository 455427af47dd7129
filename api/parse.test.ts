import { describe, expect, test } from "vitest";
import { parse } from "./parse.ts";

const options = { defaultNamespace: "default" };

function document(kind: string, spec: unknown, rest: object = {}) {
  const group = kind === "PeerAuthentication" ? "security" : "networking";
  return { apiVersion: `${group}.istio.io/v1`, kind, metadata: { name: "a" }, spec, ...rest };
}

/** Code, path and fix of all that is said. */
function said(given: unknown): readonly string[] {
  const parsed = parse(given, options);
  if (parsed.type === "ignored") return ["ignored"];
  return parsed.findings.map(({ code, path, fix }) => `${code} ${path}: ${fix}`);
}

const route = [{ destination: { host: "a" } }];
const http = (rule: object) => document("VirtualService", { hosts: ["a"], http: [rule] });
const policy = (trafficPolicy: object) => document("DestinationRule", { host: "a", trafficPolicy });
const server = (fields: object) =>
  document("Gateway", { servers: [{ port: { number: 80, protocol: "HTTP", name: "http" }, hosts: ["*"], ...fields }] });
const entry = (fields: object) => document("ServiceEntry", { hosts: ["a.b"], ...fields });

describe("parse() accepts", () => {
  test.each([
    { name: "an empty VirtualService", given: document("VirtualService", {}) },
    { name: "a rule with everything off", given: http({ route, match: [{}], retries: { attempts: 0 }, fault: {} }) },
    { name: "null for absent", given: http({ route, match: null, timeout: null }) },
    { name: "a DestinationRule with port settings", given: policy({ portLevelSettings: [{ port: { number: 1 } }] }) },
    {
      name: "a cookie that lives as long as the session",
      given: policy({ loadBalancer: { consistentHash: { httpCookie: { name: "c", ttl: "0s" } } } }),
    },
    { name: "an idle time-out that is off", given: policy({ connectionPool: { tcp: { idleTimeout: "0s" } } }) },
    { name: "a Gateway", given: server({ tls: { mode: "OPTIONAL_MUTUAL", credentialNames: ["a", "b"] } }) },
    { name: "a ServiceEntry", given: entry({ resolution: "DYNAMIC_DNS", location: "MESH_EXTERNAL" }) },
    { name: "a PeerAuthentication without spec", given: document("PeerAuthentication", undefined) },
    { name: "modes by port", given: document("PeerAuthentication", { portLevelMtls: { 8080: { mode: "DISABLE" } } }) },
    {
      name: "status and managedFields, which it does not read",
      given: document("Gateway", {}, { status: { a: 1 }, metadata: { name: "a", managedFields: [{}] } }),
    },
  ])("$name", ({ given }) => {
    expect(said(given)).toEqual([]);
  });

  test.each([
    ["VirtualService", "networking", ["v1", "v1beta1", "v1alpha3"]],
    ["DestinationRule", "networking", ["v1", "v1beta1", "v1alpha3"]],
    ["Gateway", "networking", ["v1", "v1beta1", "v1alpha3"]],
    ["ServiceEntry", "networking", ["v1", "v1beta1", "v1alpha3"]],
    ["PeerAuthentication", "security", ["v1", "v1beta1"]],
  ])("%s in every version", (kind, group, versions) => {
    for (const version of versions) {
      const spec = { host: "a", hosts: ["a"] };
      const own =
        kind === "DestinationRule" ? { host: spec.host } : kind === "ServiceEntry" ? { hosts: spec.hosts } : {};
      expect(said({ ...document(kind, own), apiVersion: `${group}.istio.io/${version}` })).toEqual([]);
    }
  });
});

describe("parse() explains", () => {
  test.each([
    { given: http({ rout: route }), want: 'PIL1001 spec.http[0].rout: Write "route"' },
    { given: http({ route, Timeout: "1s" }), want: 'PIL1001 spec.http[0].Timeout: Write "timeout"' },
    { given: http({ route, cors_policy: {} }), want: 'PIL1001 spec.http[0].cors_policy: Write "corsPolicy"' },
    {
      given: document("VirtualService", { timeout: "1s" }),
      want: "PIL1001 spec.timeout: Move it to spec.http[].timeout",
    },
    {
      given: document("PeerAuthentication", { mode: "STRICT" }),
      want: "PIL1001 spec.mode: Move it to spec.mtls.mode or spec.portLevelMtls.*.mode",
    },
    { given: document("Gateway", {}, { sepc: {} }), want: 'PIL1001 sepc: Write "spec"' },
    {
      given: document("Gateway", {}, { metadata: { name: "a", lables: {} } }),
      want: 'PIL1001 metadata.lables: Write "labels"',
    },
    { given: http({ route: {} }), want: 'PIL1002 spec.http[0].route: Write a list: put "- " before each item' },
    {
      given: http({ route, retries: { attempts: "3" } }),
      want: "PIL1002 spec.http[0].retries.attempts: Take the quotes away: 3",
    },
    {
      given: http({ route, retries: { attempts: 1.5 } }),
      want: "PIL1002 spec.http[0].retries.attempts: Write a whole number",
    },
    {
      given: http({ route, match: [{ headers: { "end-user": { exact: 5 } } }] }),
      want: 'PIL1002 spec.http[0].match[0].headers["end-user"].exact: Put it in quotes: "5"',
    },
    {
      given: http({ route, match: [{ ignoreUriCase: "True" }] }),
      want: "PIL1002 spec.http[0].match[0].ignoreUriCase: Write true, without quotes",
    },
    {
      given: http({ route, match: [{ ignoreUriCase: "no" }] }),
      want: "PIL1002 spec.http[0].match[0].ignoreUriCase: Write false, without quotes",
    },
    { given: http({ route, timeout: [] }), want: "PIL1002 spec.http[0].timeout: Write a text" },
    {
      given: http({ route, corsPolicy: { unmatchedPreflights: "ignore" } }),
      want: 'PIL1003 spec.http[0].corsPolicy.unmatchedPreflights: Write "IGNORE" (the field knows "UNSPECIFIED", "FORWARD" or "IGNORE")',
    },
    {
      given: policy({ tls: { mode: "TLS" } }),
      want: 'PIL1003 spec.trafficPolicy.tls.mode: Write "DISABLE", "SIMPLE", "MUTUAL" or "ISTIO_MUTUAL"',
    },
    {
      given: http({ route: [{ destination: { host: "a", port: { number: -1 } } }] }),
      want: "PIL1004 spec.http[0].route[0].destination.port.number: Write a number of 0 to 4294967295",
    },
    {
      given: policy({ outlierDetection: { outlierDetectionHttpErrorCodes: [99] } }),
      want: "PIL1004 spec.trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes[0]: Write a number of 100 to 599",
    },
    {
      given: http({ route, timeout: "0s" }),
      want: 'PIL1004 spec.http[0].timeout: Write "1ms" or more, or leave the field out',
    },
    {
      given: { apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { clusterIP: "none" } },
      want: 'PIL1004 spec.clusterIP: Write an address such as 10.96.0.10, or "None" for a headless Service, or leave the field out',
    },
    {
      given: {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "a" },
        spec: { ports: [{ port: 1, targetPort: -1 }] },
      },
      want: "PIL1004 spec.ports[0].targetPort: Write a number of 1 to 65535",
    },
    {
      given: { apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { ports: [{ port: 65_536 }] } },
      want: "PIL1004 spec.ports[0].port: Write a number of 1 to 65535",
    },
    {
      given: policy({ connectionPool: { tcp: { tcpKeepalive: { time: "9999999h" } } } }),
      want: 'PIL1004 spec.trafficPolicy.connectionPool.tcp.tcpKeepalive.time: Write "876000h" or less, or leave the field out',
    },
    {
      given: http({ route: [{ weight: 1 }] }),
      want: 'PIL1005 spec.http[0].route[0].destination: Add "destination" (Where requests go)',
    },
    { given: document("Gateway", {}, { metadata: {} }), want: "PIL1005 metadata.name: Add metadata.name" },
    {
      given: http({ route, timeout: "5" }),
      want: 'PIL1006 spec.http[0].timeout: Write a number and a unit (h, m, s, ms, us, ns) such as "5s"',
    },
    {
      given: document("Gateway", {}, { metadata: { name: "A_b" } }),
      want: "PIL1007 metadata.name: Use lower case letters, digits, dots and hyphens, a letter or digit at both ends, at most 253 characters",
    },
    {
      given: document("Gateway", {}, { metadata: { name: "a", namespace: "a.b" } }),
      want: "PIL1007 metadata.namespace: Use lower case letters, digits and hyphens, a letter or digit at both ends, at most 63 characters",
    },
    { given: document("VirtalService", {}), want: "PIL1008 kind: Write kind: VirtualService" },
    {
      given: { ...document("Gateway", {}), apiVersion: "networking.istio.io/v2" },
      want: "PIL1009 apiVersion: Write apiVersion: networking.istio.io/v1 or networking.istio.io/v1beta1 or networking.istio.io/v1alpha3",
    },
    {
      given: { ...document("PeerAuthentication", {}), apiVersion: "networking.istio.io/v1" },
      want: "PIL1009 apiVersion: Write apiVersion: security.istio.io/v1 or security.istio.io/v1beta1",
    },
    { given: entry({ hosts: [] }), want: "PIL1010 spec.hosts: Add one of the items, or leave the field out" },
    { given: entry({ addresses: ["1".repeat(65)] }), want: "PIL1010 spec.addresses[0]: Shorten it to 64 characters" },
    {
      given: { kind: "Gateway" },
      want: "PIL1011 : Begin it with apiVersion and kind, such as apiVersion: networking.istio.io/v1 and kind: VirtualService",
    },
  ])("$want", ({ given, want }) => {
    expect(said(given)).toEqual([want]);
  });

  test.each([[[]], ["text"], [null], [5]])("a document that is %j", (given) => {
    expect(parse(given, options)).toMatchObject({ type: "rejected", findings: [{ code: "PIL1011" }] });
  });

  test("all mistakes at once", () => {
    const given = http({ rout: [], timeout: "x", retries: { attempts: "a" }, route: [{}, { destination: {} }] });
    expect(said(given)).toHaveLength(5);
  });
});

describe("parse() returns", () => {
  test("the object with its defaults", () => {
    expect(parse(document("PeerAuthentication", undefined), options)).toEqual({
      type: "object",
      findings: [],
      object: {
        apiVersion: "security.istio.io/v1",
        kind: "PeerAuthentication",
        metadata: { name: "a", namespace: "default", labels: {}, annotations: {}, ownerReferences: [] },
        spec: {},
      },
    });
  });

  test.each([
    {
      name: "snake case in place of the field",
      given: { route, mirror_percent: 5 },
      want: { route, mirrorPercent: 5 },
    },
    { name: "without null", given: { route, timeout: null }, want: { route } },
  ])("$name", ({ given, want }) => {
    const parsed = parse(http(given), options);
    expect(parsed).toMatchObject({ type: "object", object: { spec: { http: [want] } } });
    expect(JSON.stringify(parsed)).not.toContain("mirror_percent");
  });

  test("only what the mesh reads of a Pod, and all of a Deployment's template", () => {
    const container = { name: "c", image: "i", tty: true };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", managedFields: [] },
      spec: { containers: [container], dnsPolicy: "None" },
    };
    expect(parse(pod, options)).toMatchObject({
      object: { spec: { containers: [{ name: "c" }] }, status: {} },
    });
    expect(JSON.stringify(parse(pod, options))).not.toMatch(/tty|dnsPolicy|managedFields/);
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d" },
      spec: { template: { spec: pod.spec } },
    };
    expect(parse(deployment, options)).toMatchObject({ object: { spec: { template: { spec: pod.spec } } } });
  });

  test("cluster-scoped objects without namespace", () => {
    const given = { apiVersion: "v1", kind: "Namespace", metadata: { name: "n", namespace: "x" } };
    expect(parse(given, options)).toMatchObject({ object: { metadata: { namespace: "" } } });
  });

  test.each([
    { given: "v1 Secret", want: "ignored" },
    { given: "gateway.networking.k8s.io/v1 Gateway", want: "ignored" },
    { given: "apps/v1beta1 Deployment", want: "ignored" },
    { given: "install.istio.io/v1alpha1 IstioOperator", want: "known" },
    { given: "install.istio.io/v1alpha1 Other", want: "ignored" },
    { given: "networking.istio.io/v1 Sidecar", want: "object" },
    { given: "telemetry.istio.io/v1 Telemetry", want: "object" },
    { given: "security.istio.io/v1beta1 AuthorizationPolicy", want: "object" },
    { given: "networking.istio.io/v1 EnvoyFilter", want: "rejected" },
  ])("$want for $given", ({ given, want }) => {
    const [apiVersion, kind] = given.split(" ");
    expect(parse({ apiVersion, kind, metadata: { name: "a" } }, options).type).toBe(want);
  });

  test("a pointer to Helm values for an IstioOperator", () => {
    const given = { apiVersion: "install.istio.io/v1alpha1", kind: "IstioOperator", metadata: { name: "a" } };
    expect(parse(given, options)).toMatchObject({
      type: "known",
      findings: [{ code: "PIL9002", severity: "warning" }],
    });
  });
});

describe("parse() of an object that waives PIL1001", () => {
  const metadata = { name: "a", annotations: { "pillion.io/allow": "PIL1203, PIL1001" } };

  test("leaves out fields that nobody knows, as if they were not there", () => {
    const written = { ...http({ route, newField: { a: 1 }, match: [{ uri: { glob: "/a" } }] }), metadata };
    const parsed = parse(written, options);
    expect(parsed).toMatchObject({ type: "object", findings: [] });
    expect(parsed).toHaveProperty("object.spec", { hosts: ["a"], http: [{ route, match: [{ uri: {} }] }] });
  });

  test("explains what else is wrong with it", () => {
    expect(said({ ...http({ route, newField: 1, timeout: 5 }), metadata })).toEqual([
      'PIL1002 spec.http[0].timeout: Put it in quotes: "5"',
    ]);
  });
});

test("parse() tells the first 500 of many mistakes", () => {
  const spec = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`field${index}`, 1]));
  const document = { apiVersion: "networking.istio.io/v1", kind: "VirtualService", metadata: { name: "a" }, spec };
  expect(parse(document, { defaultNamespace: "shop" })).toMatchObject({ type: "rejected", findings: { length: 500 } });
});
