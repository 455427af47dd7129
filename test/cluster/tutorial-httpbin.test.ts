// Tutorials with httpbin: circuit breaking under fortio, mirroring, and what the application sees of a call.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { tryRun } from "./commands.ts";
import { fortioCodes, startTutorial, type Tutorial } from "./tutorial.ts";

let httpbin: Tutorial;
beforeAll(() => {
  httpbin = startTutorial("httpbin");
  for (const file of ["httpbin.yaml", "sleep.yaml", "fortio.yaml"]) httpbin.applyFile(file);
  httpbin.ready();
});
afterEach(() => {
  tryRun(["kubectl", "delete", "-n", "httpbin", "vs,dr", "--all"]);
});
afterAll(() => httpbin.end());

const load = (deployment: string, ...flags: readonly string[]) =>
  httpbin.exec(deployment, "fortio", "/usr/bin/fortio", ...flags, "http://httpbin:8000/get");

test("fortio curl shows the identities of both ends and the attempt's number", async () => {
  const { stdout } = await load("fortio-deploy", "curl", "-quiet");
  expect(stdout).toContain("By=spiffe://cluster.local/ns/httpbin/sa/httpbin");
  expect(stdout).toContain("URI=spiffe://cluster.local/ns/httpbin/sa/default");
  expect(stdout).toContain('"X-Envoy-Attempt-Count": "1"');
});

test("trace headers of B3 and W3C reach the application as they were sent", async () => {
  const headers = {
    "X-B3-Traceid": "463ac35c9f6413ad48485a3953bb6124",
    "X-B3-Spanid": "a2fb4a1d1a96d312",
    "X-B3-Sampled": "1",
    Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  const flags = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { stdout } = await httpbin.exec("sleep", "sleep", "curl", "-s", ...flags, "http://httpbin:8000/headers");
  expect((JSON.parse(stdout) as { headers: object }).headers).toMatchObject(headers);
});

test.each([
  { deployment: "fortio-deploy", connections: 3, requests: 30, outlier: "consecutive5xxErrors: 1" },
  { deployment: "fortio-older", connections: 3, requests: 30, outlier: "consecutiveErrors: 1" },
  { deployment: "fortio-deploy", connections: 2, requests: 20, outlier: "consecutiveGatewayErrors: 1" },
])(
  "a circuit breaker ($outlier) lets $connections connections of $deployment have 200 and 503",
  async ({ deployment, connections, requests, outlier }) => {
    httpbin.apply(`
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: { name: httpbin }
spec:
  host: httpbin
  trafficPolicy:
    connectionPool:
      tcp: { maxConnections: 1 }
      http: { http1MaxPendingRequests: 1, maxRequestsPerConnection: 1 }
    outlierDetection: { ${outlier}, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100 }
`);
    const flags = ["load", "-c", `${connections}`, "-qps", "0", "-n", `${requests}`, "-loglevel", "Warning"];
    let codes: ReadonlyMap<number, number> = new Map();
    await expect
      .poll(
        async () => {
          codes = fortioCodes((await load(deployment, ...flags)).stdout);
          return [...codes.keys()].sort();
        },
        { timeout: 30_000 },
      )
      .toEqual([200, 503]);
    const stats = await httpbin.exec(deployment, "istio-proxy", "pilot-agent", "request", "GET", "stats");
    const overflow = /httpbin.*upstream_rq_pending_overflow: (\d+)/.exec(stats.stdout)?.[1];
    expect(Number(overflow)).toBeGreaterThanOrEqual(codes.get(503) ?? 0);
  },
);

/** Lines of a proxy's statistics, as the tutorials ask for them. */
const stats = (deployment: string, container: string, filter: string): Promise<string> =>
  httpbin.type(
    `kubectl exec deploy/${deployment} -c ${container} -- pilot-agent request GET stats | ${filter} || true`,
  );

test("a host that answers 503 once leaves under fortio, is counted, and comes back", async () => {
  httpbin.apply(`
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: { name: httpbin }
spec:
  host: httpbin
  trafficPolicy:
    outlierDetection: { consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 3s, maxEjectionPercent: 100 }
`);
  const fortio = async (path: string): Promise<readonly number[]> => {
    const flags = "-c 1 -qps 0 -n 5 -loglevel Warning";
    const report = await httpbin.type(
      `kubectl exec deploy/fortio-deploy -c fortio -- /usr/bin/fortio load ${flags} http://httpbin:8000${path}`,
    );
    return [...fortioCodes(report).keys()];
  };
  const ejections = () => stats("fortio-deploy", "istio-proxy", "grep httpbin | grep ejections_enforced_total");
  await expect
    .poll(async () => `${(await fortio("/status/503")).join()} ${await ejections()}`, { timeout: 20_000 })
    .toMatch(/^503 .*ejections_enforced_total: [1-9]/);
  expect(await fortio("/get")).toEqual([503]);
  await expect.poll(() => fortio("/get"), { timeout: 20_000 }).toEqual([200]);
});

test("statistics of outbound calls are kept where an annotation asks for them, and nowhere else", async () => {
  await httpbin.exec("sleep", "sleep", "curl", "-s", "http://httpbin:8000/get");
  expect(await stats("sleep", "istio-proxy", "grep -c cluster.outbound")).toBe("0\n");
  for (const name of ["fortio-deploy", "fortio-older"])
    expect(await stats(name, "istio-proxy", "grep httpbin | grep pending")).toMatch(/upstream_rq_pending_total: [1-9]/);
});

test("mirror_percent copies requests to v2 while v1 answers", async () => {
  httpbin.applyFile("httpbin-v2.yaml");
  httpbin.ready();
  httpbin.apply(`
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: { name: httpbin }
spec:
  hosts: [httpbin]
  http:
    - route: [{ destination: { host: httpbin, subset: v1 }, weight: 100 }]
      mirror: { host: httpbin, subset: v2 }
      mirror_percent: 100
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: { name: httpbin }
spec:
  host: httpbin
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
`);
  const logged = (version: string, path: string): boolean =>
    httpbin.kubectl("logs", `deploy/httpbin-${version}`, "-c", "httpbin").includes(`"GET ${path} HTTP/1.1" 200`);
  let round = 0;
  const mirrored = async (): Promise<string> => {
    const path = `/anything/mirror-${round++}`;
    await httpbin.exec("sleep", "sleep", "curl", "-s", `http://httpbin:8000${path}`);
    return `v1 ${logged("v1", path)}, v2 ${logged("v2", path)}`;
  };
  await expect.poll(mirrored, { timeout: 20_000 }).toBe("v1 true, v2 true");
});
