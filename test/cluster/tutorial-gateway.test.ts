// Tutorials: a canary release and httpbin behind the ingress gateway, asked from outside of the cluster.
import { afterAll, beforeAll, expect, test } from "vitest";
import { isNearShare } from "../../cli/demo/line.ts";
import { ask, ingressUrl } from "./cluster-mesh.ts";
import { start } from "./commands.ts";
import { startTutorial, type Tutorial, table } from "./tutorial.ts";

let canary: Tutorial;
beforeAll(() => {
  canary = startTutorial("canary");
  canary.applyFile("canary.yaml");
  canary.applyFile("httpbin.yaml");
  canary.ready();
});
afterAll(() => canary.end());

test("a canary release sends 90 of 100 requests to v1, by full host names", async () => {
  const curl = `for i in $(seq 1 200); do curl -s ${ingressUrl()}/; done`;
  await expect.poll(async () => (await ask("host/", `${ingressUrl()}/`)).body).toMatch(/canary-v\d/);
  const { stdout } = await start(["bash", "-c", curl]);
  const v1 = stdout.split("\n").filter((line) => line === "canary-v1").length;
  const v2 = stdout.split("\n").filter((line) => line === "canary-v2").length;
  expect(v1 + v2, stdout.slice(0, 300)).toBe(200);
  expect(isNearShare(v1, 200, 0.9), `v1 ${v1}, v2 ${v2}`).toBe(true);
});

test.each([
  {
    what: "virtualservices",
    head: ["NAME", "GATEWAYS", "HOSTS", "AGE"],
    row: ["canary", '["canary-gateway"]', '["*"]'],
  },
  { what: "vs", head: ["NAME", "GATEWAYS", "HOSTS", "AGE"], row: ["canary"] },
  { what: "destinationrules", head: ["NAME", "HOST", "AGE"], row: ["canary", "canary.canary.svc.cluster.local"] },
  { what: "dr", head: ["NAME", "HOST", "AGE"], row: ["canary"] },
  { what: "gateway", head: ["NAME", "AGE"], row: ["canary-gateway"] },
  { what: "gw", head: ["NAME", "AGE"], row: ["canary-gateway"] },
])("kubectl get $what -o wide prints the columns that people know", ({ what, head, row }) => {
  const rows = table(canary.kubectl("get", what, "-o", "wide"));
  expect(rows[0]).toEqual(expect.arrayContaining(head));
  expect(rows[1]).toEqual(expect.arrayContaining(row));
});

test("a Gateway for a host name lets in what its VirtualService exposes, and answers 404 for the rest", async () => {
  canary.apply(`
apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: { name: httpbin-gateway }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 80, name: http, protocol: HTTP }
      hosts: [httpbin.example.com]
---
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: { name: httpbin }
spec:
  hosts: [httpbin.example.com]
  gateways: [httpbin-gateway]
  http:
    - match: [{ uri: { prefix: /status } }, { uri: { prefix: /delay } }]
      route: [{ destination: { host: httpbin, port: { number: 8000 } } }]
`);
  const head = (path: string) =>
    ask("host/", `${ingressUrl()}${path}`, { args: ["-I"], headers: ["Host: httpbin.example.com"] });
  await expect.poll(async () => (await head("/status/200")).status, { timeout: 10_000 }).toBe(200);
  expect((await head("/status/200")).headers["server"]).toBe("istio-envoy");
  const hidden = await head("/headers");
  expect({ status: hidden.status, server: hidden.headers["server"] }).toEqual({ status: 404, server: "istio-envoy" });
});
