// Tutorials: what a reader looks at after the installation, an address of one's own for the ingress gateway, and a program of
// istio-system itself behind it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeAddress } from "./cluster-mesh.ts";
import { apply, kubectl, tryRun } from "./commands.ts";
import { startTutorial, type Tutorial, table } from "./tutorial.ts";

let reader: Tutorial;
beforeAll(() => {
  reader = startTutorial("reader");
});
afterAll(() => reader.end());

const soon = { timeout: 20_000, interval: 200 };

test("control plane and both gateways run, as kubectl get pods shows them", async () => {
  const rows = table(await reader.type("kubectl get pods -n istio-system")).slice(1);
  const running = rows.map(
    ([name = "", ready, status]) => `${name.replace(/(-[a-z0-9]+){2}$/, "")} ${ready} ${status}`,
  );
  expect(running.sort()).toEqual([
    "istio-egressgateway 1/1 Running",
    "istio-ingressgateway 1/1 Running",
    "istiod 1/1 Running",
  ]);
});

test("the ingress gateway's Service has the type and the ports that people expect", async () => {
  const [, row] = table(await reader.type("kubectl get svc istio-ingressgateway -n istio-system"));
  expect([row?.[1], row?.[3]]).toEqual(["LoadBalancer", "<pending>"]);
  expect(row?.[4]).toMatch(/^15021:\d+\/TCP,80:\d+\/TCP,443:\d+\/TCP,31400:\d+\/TCP$/);
  const port = (name: string) =>
    reader.type(
      `kubectl -n istio-system get service istio-ingressgateway -o jsonpath='{.spec.ports[?(@.name=="${name}")].nodePort}'`,
    );
  for (const name of ["http2", "https"]) expect(await port(name)).toMatch(/^3\d{4}$/);
  const address = "kubectl get po -l istio=ingressgateway -n istio-system -o jsonpath='{.items[0].status.hostIP}'";
  expect(await reader.type(address)).toBe(nodeAddress());
});

test("kubectl knows the kinds by their short names", async () => {
  const listed = await reader.type("kubectl api-resources --api-group=networking.istio.io --no-headers");
  const short = (kind: string): string | undefined => table(listed).find((row) => row.at(-1) === kind)?.[1];
  expect(
    ["DestinationRule", "Gateway", "ServiceEntry", "VirtualService", "WorkloadEntry", "WorkloadGroup"].map(short),
  ).toEqual(["dr", "gw", "se", "vs", "we", "wg"]);
  expect(await reader.type("kubectl describe ns reader | grep istio-injection")).toContain("istio-injection=enabled");
});

test("the ingress gateway gets an address of its own by kubectl edit, for a name in the reader's hosts file", async () => {
  const edit =
    "KUBE_EDITOR='sed -i \"/^  clusterIP:/i\\  externalIPs: [ADDRESS]\"' kubectl edit svc istio-ingressgateway -n istio-system";
  try {
    await reader.type(edit.replace("ADDRESS", nodeAddress()));
    const [, row] = table(await reader.type("kubectl get svc istio-ingressgateway -n istio-system"));
    expect(row?.[3]).toBe(nodeAddress());
    const name = "productpage.kubeprom.com";
    const page = `curl -sS -m 5 -i --resolve ${name}:80:${nodeAddress()} http://${name}/productpage || true`;
    await expect.poll(() => reader.type(page), soon).toContain("<title>Simple Bookstore App</title>");
  } finally {
    kubectl(
      "patch",
      "svc",
      "-n",
      "istio-system",
      "istio-ingressgateway",
      "--type=merge",
      "-p",
      '{"spec":{"externalIPs":null}}',
    );
  }
});

/** Whatever shows a page on this port stands for the console of the tutorial. */
const program = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: kiali, namespace: istio-system }
spec:
  selector: { matchLabels: { app: kiali } }
  template:
    metadata: { labels: { app: kiali } }
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: kiali, image: "pillion/echo:1.0", args: ["--port", "20001"] }] }
---
apiVersion: v1
kind: Service
metadata: { name: kiali, namespace: istio-system }
spec: { selector: { app: kiali }, ports: [{ name: http, port: 20001 }, { name: http-metrics, port: 9090 }] }
`;

const rules = `
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: { name: kiali-gateway, namespace: istio-system }
spec:
  selector: { app: istio-ingressgateway }
  servers:
    - port: { number: 80, name: http-kiali, protocol: HTTP }
      hosts: [kiali.ik8s.cc]
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: { name: kiali-virtualservice, namespace: istio-system }
spec:
  hosts: [kiali.ik8s.cc]
  gateways: [kiali-gateway]
  http:
    - match: [{ uri: { prefix: / } }]
      route: [{ destination: { host: kiali, port: { number: 20001 } } }]
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: { name: kiali, namespace: istio-system }
spec: { host: kiali, trafficPolicy: { tls: { mode: DISABLE } } }
`;

test("a program of istio-system, without a sidecar, is shown under a host name of its own", async () => {
  try {
    apply(`${program}---${rules}`, "istio-system");
    const port = await reader.type(
      "kubectl -n istio-system get service istio-ingressgateway -o jsonpath='{.spec.ports[?(@.name==\"http2\")].nodePort}'",
    );
    const status = `curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Host: kiali.ik8s.cc' http://${nodeAddress()}:${port}/kiali`;
    await expect.poll(() => reader.type(status), soon).toBe("200");
    expect(table(await reader.type("kubectl get gw -n istio-system"))[1]?.[0]).toBe("kiali-gateway");
    expect(table(await reader.type("kubectl get vs -n istio-system"))[1]).toEqual(
      expect.arrayContaining(["kiali-virtualservice", '["kiali-gateway"]', '["kiali.ik8s.cc"]']),
    );
    expect(table(await reader.type("kubectl get dr -n istio-system"))[1]?.slice(0, 2)).toEqual(["kiali", "kiali"]);
    const pods = table(await reader.type("kubectl get pods -n istio-system -l app=kiali"));
    expect(pods[1]?.[1]).toBe("1/1");
  } finally {
    tryRun(["kubectl", "delete", "-f", "-"], `${program}---${rules}`);
  }
});
