// Tutorials: `pillion proxy-status` (`ps`) on a real node: the API server passes the question on to the control plane's pods.
import { afterAll, beforeAll, expect, test } from "vitest";
import { pods } from "./cluster-mesh.ts";
import { apply, kubectl, run, start, tryRun } from "./commands.ts";

const pillion = ["node", "--import", "tsx", "cli/main.ts"];
const ps = (...args: readonly string[]): string => run([...pillion, "proxy-status", ...args]);

/** Rows by name, each with its cells by column. */
function rows(text: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const [head = [], ...lines] = text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {5,}/));
  const named = lines.map((cells) => Object.fromEntries(head.map((column, index) => [column, cells[index] ?? ""])));
  return new Map(named.map((row) => [row["NAME"] ?? "", row]));
}

/** Its proxy is sent where nobody answers, so it never becomes ready. */
const lost = `
apiVersion: v1
kind: Namespace
metadata: { name: status, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Pod
metadata: { name: lost, namespace: status }
spec:
  terminationGracePeriodSeconds: 1
  hostAliases: [{ ip: 127.0.0.9, hostnames: [istiod.istio-system.svc] }]
  containers: [{ name: curl, image: "curlimages/curl", imagePullPolicy: IfNotPresent, command: [sleep, "3600"] }]
`;

beforeAll(() => {
  apply(lost, "status");
});
afterAll(() => {
  tryRun(["kubectl", "delete", "namespace", "status", "--wait=true", "--timeout=120s"]);
});

test("pillion proxy-status lists every proxy that is ready, each in sync, with its replica and version", async () => {
  const expected = pods()
    .filter(({ namespace, ready }) => namespace === "default" && ready === "2/2")
    .map(({ namespace, name }) => `${name}.${namespace}`);
  expect(expected.length).toBeGreaterThan(5);
  const wrong = (): readonly string[] => {
    const listed = rows(ps());
    return expected.filter((name) => {
      const { CDS = "", LDS = "", EDS = "", RDS = "" } = listed.get(name) ?? {};
      // Who has called nobody has no endpoints.
      const well = EDS === "NOT SENT" ? [CDS, LDS, RDS] : [CDS, LDS, EDS, RDS];
      return !well.every((cell) => /^SYNCED \(\d+[smhd]\)$/.test(cell));
    });
  };
  await expect.poll(wrong, { timeout: 60_000 }).toEqual([]);
  const istiods = pods().filter(({ name }) => name.startsWith("istiod-"));
  const row = rows(ps("-n", "default")).get(expected[0] ?? "");
  expect(row).toMatchObject({ CLUSTER: "Kubernetes", ECDS: "NOT SENT", VERSION: "1.40.0" });
  expect(istiods.map(({ name }) => name)).toContain(row?.["ISTIOD"]);
});

test("pillion ps shows a gateway, and only the namespace that is asked for", () => {
  const names = [...rows(run([...pillion, "ps", "-n", "istio-system"])).keys()];
  expect(names.some((name) => /^istio-ingressgateway-.*\.istio-system$/.test(name))).toBe(true);
  expect(names.every((name) => name.endsWith(".istio-system"))).toBe(true);
});

test("pillion proxy-status deploy/NAME tells of one proxy which hosts it has, after a call has brought them", async () => {
  const called = await start([
    "kubectl",
    "exec",
    "deploy/ratings-v1",
    "-c",
    "ratings",
    "--",
    "curl",
    "-sS",
    "reviews:9080/health",
  ]);
  expect(called.code, called.stderr).toBe(0);
  await expect
    .poll(() => ps("deploy/ratings-v1.default"), { timeout: 20_000 })
    .toMatch(
      /^Proxy: +ratings-v1-\S+\.default \(sidecar\)\n[\s\S]*\nVHDS +SYNCED[\s\S]*\nHosts that it holds:\n[\s\S]* {2}9080\/reviews\.default\.svc/,
    );
  const list = JSON.parse(ps("deploy/ratings-v1.default", "-o", "json")) as readonly object[];
  expect(list).toMatchObject([{ type: "sidecar", revision: "default", connected: true, errors: [] }]);
});

test("pillion proxy-status shows a pod whose proxy runs without a connection", async () => {
  const cds = (): string => rows(ps("-n", "status")).get("lost.status")?.["CDS"] ?? "";
  await expect.poll(cds, { timeout: 60_000 }).toBe("NOT CONNECTED");
  expect(ps("lost.status")).toMatch(/^Connected to: +NOT CONNECTED\. .*kubectl logs -n status lost -c istio-proxy/m);
  expect(kubectl("get", "pod", "-n", "status", "lost", "-o", "jsonpath={.status.phase}")).toBe("Pending");
});
