import fc from "fast-check";
import jsonPatch from "fast-json-patch";
import { expect, test } from "vitest";
import type { NamespaceFacts } from "./decide.ts";
import { inject } from "./inject.ts";
import { type JsonObject, listAt, objectAt, textAt, withKeys } from "./json.ts";
import { patchOf } from "./patch.ts";
import { defaultSettings, injectorSettings } from "./settings.ts";
import { otherWebhooks } from "./testing/other-webhooks.ts";

const shop: NamespaceFacts = { name: "shop", labels: {} };
const injected = (pod: JsonObject): JsonObject => {
  const { pod: result, findings } = inject(pod, shop, defaultSettings);
  expect(findings.filter((finding) => finding.severity === "error")).toEqual([]);
  return result;
};

const probe = fc.oneof(
  fc.record({
    httpGet: fc.record({ path: fc.constantFrom("/", "/ok"), port: fc.constantFrom(80, "http", "nowhere") }),
    periodSeconds: fc.nat(9),
  }),
  fc.record({ tcpSocket: fc.record({ port: fc.constantFrom(80, "http") }) }),
  fc.record({ grpc: fc.record({ port: fc.constant(90) }), timeoutSeconds: fc.nat(9) }),
  fc.record({ exec: fc.record({ command: fc.constant(["true"]) }) }),
);

const container = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      image: fc.constantFrom("a:1", "auto"),
      ports: fc.constant([{ name: "http", containerPort: 80 }]),
      readinessProbe: probe,
      livenessProbe: probe,
      startupProbe: probe,
      lifecycle: fc.constantFrom(
        {},
        { preStop: { exec: { command: ["bye"] } } },
        { postStart: { exec: { command: ["hi"] } } },
      ),
      env: fc.constant([{ name: "A", value: "$(B)" }]),
      futureField: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: ["name"] },
  );

const annotation = fc.record(
  {
    "sidecar.istio.io/nativeSidecar": fc.constantFrom("true", "false"),
    "sidecar.istio.io/interceptionMode": fc.constantFrom("NONE", "REDIRECT"),
    "sidecar.istio.io/proxyCPU": fc.constantFrom("1", "200m"),
    "sidecar.istio.io/rewriteAppHTTPProbers": fc.constantFrom("true", "false"),
    "sidecar.istio.io/userVolume": fc.constantFrom("{}", '{"extra":{"emptyDir":{}}}', '{"data":{"emptyDir":{}}}'),
    "traffic.sidecar.istio.io/excludeInboundPorts": fc.constantFrom("", "81"),
    "sidecar.pillion.io/stopDelaySeconds": fc.constantFrom("0", "5"),
    "proxy.istio.io/config": fc.constantFrom("holdApplicationUntilProxyStarts: true", "concurrency: 1"),
    "inject.istio.io/templates": fc.constantFrom("sidecar", "gateway"),
    "example.org/other": fc.string(),
  },
  { requiredKeys: [] },
);

const someOf = (names: readonly string[]) =>
  fc.subarray([...names]).chain((chosen) => fc.tuple(...chosen.map(container)));

/** Pods as people write them, with what they may leave out left out. */
const anyPod: fc.Arbitrary<JsonObject> = fc
  .record({
    labels: fc.constantFrom<JsonObject>({}, { app: "web", version: "v2" }),
    annotations: annotation,
    containers: someOf(["web", "log", "istio-proxy"]),
    initContainers: fc.option(someOf(["first", "istio-init"]), { nil: undefined }),
    volumes: fc.subarray([
      { name: "data", emptyDir: {} },
      { name: "istio-token", emptyDir: {} },
    ]),
    spec: fc.constantFrom<JsonObject>(
      {},
      { terminationGracePeriodSeconds: 3 },
      { securityContext: { fsGroup: 1 }, futureField: { a: [1] } },
    ),
  })
  .map(({ labels, annotations, containers, initContainers, volumes, spec }) => {
    const lists = initContainers === undefined ? { containers, volumes } : { containers, initContainers, volumes };
    // Generated from JSON's values alone.
    return JSON.parse(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "web", labels, annotations },
        spec: { ...spec, ...lists },
      }),
    ) as JsonObject;
  });

const names = (pod: JsonObject, list: string): string[] =>
  listAt(objectAt(pod, "spec"), list).map((one) => textAt(one, "name"));

/** Pods are large, and comparing them takes time; Istio's own go through the same in the corpora tier. */
const few = { numRuns: 40 };

test("inject() twice equals once", () => {
  fc.assert(
    fc.property(anyPod, (pod) => {
      expect(injected(injected(pod))).toEqual(injected(pod));
    }),
    few,
  );
});

test("inject() leaves the pod that it is given as it is, and its patch makes the injected one", () => {
  fc.assert(
    fc.property(anyPod, (pod) => {
      const before = structuredClone(pod);
      const after = injected(pod);
      expect(pod).toEqual(before);
      const patch = patchOf(pod, after);
      expect(jsonPatch.applyPatch(structuredClone(pod), patch, true).newDocument).toEqual(after);
    }),
    few,
  );
});

test.each(Object.entries(otherWebhooks))(
  "inject() keeps it when another webhook %s in between, and is stable again",
  (_name, change) => {
    fc.assert(
      fc.property(anyPod, (pod) => {
        const between = change(injected(pod));
        const again = injected(between);
        expect(injected(again)).toEqual(again);
        for (const list of ["containers", "initContainers", "volumes"]) {
          expect(names(again, list).sort()).toEqual(names(between, list).sort());
          const standing = new Map(listAt(objectAt(between, "spec"), list).map((one) => [one["name"], one]));
          for (const one of listAt(objectAt(again, "spec"), list)) {
            const before = standing.get(one["name"] ?? "");
            for (const key of ["image", "env", "volumeMounts", "args", "resources"])
              expect(one[key]).toEqual(before?.[key]);
          }
        }
        expect(objectAt(again, "metadata", "labels")).toEqual(objectAt(between, "metadata", "labels"));
      }),
      few,
    );
  },
);

test("inject() builds its parts anew when an annotation changed in between", () => {
  const first = injected({ metadata: { name: "web" }, spec: { containers: [{ name: "web" }] } });
  const metadata = objectAt(first, "metadata");
  const annotations = {
    ...objectAt(metadata, "annotations"),
    "sidecar.istio.io/nativeSidecar": "false",
    "sidecar.istio.io/proxyCPU": "3",
  };
  const second = injected(withKeys(first, { metadata: withKeys(metadata, { annotations }) }));
  expect(names(second, "containers")).toEqual(["web", "istio-proxy"]);
  expect(names(second, "initContainers")).toEqual(["istio-init"]);
  expect(listAt(objectAt(second, "spec"), "containers")[1]).toMatchObject({ resources: { requests: { cpu: "3" } } });
});

test("inject() replaces what another revision injected", () => {
  const pod = { metadata: { name: "web" }, spec: { containers: [{ name: "web" }] } };
  const canary = injectorSettings({ revision: "canary", proxyImage: "proxy:canary" });
  const moved = inject(injected(pod), shop, canary).pod;
  expect(moved).toEqual(inject(pod, shop, canary).pod);
});

test.each([
  { graceSeconds: undefined, want: { preStop: { sleep: { seconds: 2 } } } },
  { graceSeconds: 4, want: { preStop: { sleep: { seconds: 2 } } } },
  { graceSeconds: 3, want: {} },
  { graceSeconds: 0, want: {} },
])(
  "inject() lets containers stop later only where the grace period ($graceSeconds) leaves it",
  ({ graceSeconds, want }) => {
    const annotations = { "sidecar.istio.io/nativeSidecar": "false" };
    const grace = graceSeconds === undefined ? {} : { terminationGracePeriodSeconds: graceSeconds };
    const pod = injected({ metadata: { annotations }, spec: { containers: [{ name: "web" }], ...grace } });
    const hooks = listAt(objectAt(pod, "spec"), "containers").map((one) => objectAt(one, "lifecycle"));
    expect(hooks).toEqual([want, want]);
  },
);

test.each([
  { name: "malformed JSON", value: "{" },
  { name: "a list", value: "[]" },
])("inject() refuses a status annotation that is $name", ({ value }) => {
  const pod = {
    metadata: { annotations: { "sidecar.istio.io/status": value } },
    spec: { containers: [{ name: "web" }] },
  };
  expect(inject(pod, shop, defaultSettings)).toMatchObject({ pod, findings: [{ code: "PIL5002", severity: "error" }] });
});
