import { describe, expect, test } from "vitest";
import type { Surroundings } from "./environment.ts";
import { parseCatalogue } from "./images.ts";
import type { ContainerPlan } from "./node-protocol.ts";
import type { ContainerSpec, Pod, PodSpec } from "./objects.ts";
import { planPod } from "./pod-plan.ts";

const catalogue = parseCatalogue(
  `
images:
  - match: web
    entrypoint: [node, web.js]
    cmd: [--port, "80"]
    env: { MODE: image }
    workingDir: /srv
    programs: { web: [node, web.js] }
`,
  { node: "/bin/node", envoy: "/bin/envoy" },
);
const around: Surroundings = {
  podAddress: "10.77.0.9",
  hostAddress: "10.77.0.1",
  nodeName: "node-1",
  capacity: { cpu: 2, memory: 1 },
  configMap: () => undefined,
  secret: () => undefined,
};

function plan(container: Partial<ContainerSpec>, spec: Partial<PodSpec> = {}): ContainerPlan {
  return (
    planOf({ containers: [{ name: "web", image: "web:1", ...container }], ...spec }).containers[0] ?? expect.fail()
  );
}

function planOf(spec: PodSpec) {
  const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", namespace: "shop" }, spec };
  const logFile = (name: string): string => `/logs/${name}`;
  return planPod({
    pod,
    number: 8,
    address: "10.77.0.9",
    catalogue,
    around,
    volumes: "/volumes",
    commonMounts: [],
    logFile,
  });
}

describe("planPod()", () => {
  test.each<{ name: string; container: Partial<ContainerSpec>; want: readonly string[] }>([
    { name: "the image's words", container: {}, want: ["/bin/node", "web.js", "--port", "80"] },
    { name: "args in the place of cmd", container: { args: ["-v"] }, want: ["/bin/node", "web.js", "-v"] },
    { name: "a command in the place of all", container: { command: ["/bin/sleep", "1"] }, want: ["/bin/sleep", "1"] },
    { name: "a command with args", container: { command: ["sh"], args: ["-c", "true"] }, want: ["sh", "-c", "true"] },
    { name: "a program of the image", container: { command: ["/usr/bin/web"] }, want: ["/bin/node", "web.js"] },
    {
      name: "variables",
      container: { args: ["$(POD)", "$$(POD)"], env: [{ name: "POD", value: "p" }] },
      want: ["/bin/node", "web.js", "p", "$(POD)"],
    },
    {
      name: "Envoy for a proxy",
      container: { name: "istio-proxy", image: "my/own:1", command: ["/usr/local/bin/envoy"], args: ["-c"] },
      want: ["/bin/envoy", "-c"],
    },
  ])("runs $name", ({ container, want }) => {
    expect(plan(container).argv).toEqual(want);
  });

  test("says what to do about an image that nobody knows", () => {
    expect(() => plan({ image: "nobody/knows:1" })).toThrow(/SANDBOX_IMAGE: .*"nobody\/knows:1".*catalogue/);
  });

  test("gives variables and folder of the image, and the manifest's own over them", () => {
    expect(plan({}).env).toMatchObject({ MODE: "image", HOSTNAME: "web-1" });
    expect(plan({ env: [{ name: "MODE", value: "mine" }] }).env).toMatchObject({ MODE: "mine" });
    expect(plan({}).workingDir).toBe("/srv");
    expect(plan({ workingDir: "/tmp" }).workingDir).toBe("/tmp");
  });

  test.each([
    { name: "root by default", container: {}, pod: {}, want: [0, 0] },
    { name: "the pod's user", container: {}, pod: { runAsUser: 5 }, want: [5, 5] },
    {
      name: "the container's user",
      container: { runAsUser: 7, runAsGroup: 8 },
      pod: { runAsUser: 5, runAsGroup: 6 },
      want: [7, 8],
    },
  ])("runs as $name", ({ container, pod, want }) => {
    const { user, group } = plan({ securityContext: container }, { securityContext: pod });
    expect([user, group]).toEqual(want);
  });

  test.each([
    { name: "nothing when all are dropped", context: { capabilities: { drop: ["ALL"] } }, want: [] },
    {
      name: "what is added to nothing",
      context: { capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "CAP_NET_RAW"] } },
      want: ["net_admin", "net_raw"],
    },
    { name: "everything when privileged", context: { privileged: true }, want: "all" },
  ])("gives $name", ({ context, want }) => {
    expect(plan({ securityContext: context }).capabilities).toEqual(want);
  });

  test("gives no right over the network by default", () => {
    expect(plan({}).capabilities).not.toContain("net_admin");
  });

  test("gives probes numbers for names", () => {
    const ports = [{ name: "http", containerPort: 8080 }];
    const { probes } = plan({
      ports,
      readinessProbe: { httpGet: { port: "http" } },
      livenessProbe: { tcpSocket: { port: 9 } },
    });
    expect(probes).toEqual({ readiness: { httpGet: { port: 8080 } }, liveness: { tcpSocket: { port: 9 } } });
  });

  test("tells init containers and native sidecars apart", () => {
    const initContainers: ContainerSpec[] = [
      { name: "first", image: "web" },
      { name: "side", image: "web", restartPolicy: "Always" },
    ];
    const { initial, graceSeconds } = planOf({ containers: [{ name: "web", image: "web" }], initContainers });
    expect(initial.map(({ name, role, restart }) => [name, role, restart])).toEqual([
      ["first", "init", "on-failure"],
      ["side", "sidecar", "always"],
    ]);
    expect(graceSeconds).toBe(30);
  });

  test.each([
    { policy: "Always", want: "always" },
    { policy: "OnFailure", want: "on-failure" },
    { policy: "Never", want: "never" },
  ] as const)("restarts $want under $policy", ({ policy, want }) => {
    expect(plan({}, { restartPolicy: policy }).restart).toBe(want);
  });

  test("mounts volumes, parts of them too", () => {
    const volumeMounts = [
      { name: "data", mountPath: "/data/" },
      { name: "data", mountPath: "/etc/a.conf", subPath: "a.conf", readOnly: true },
    ];
    expect(plan({ volumeMounts }).mounts).toEqual([
      { source: "/volumes/data", target: "/data", readOnly: false },
      { source: "/volumes/data/a.conf", target: "/etc/a.conf", readOnly: true },
    ]);
  });
});
