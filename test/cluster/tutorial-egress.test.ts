// Tutorial: an external server through the egress gateway. The name httpbin.org is a hostAlias of a pod outside of the mesh.
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "./cluster-mesh.ts";
import { apply, kubectl, tryRun } from "./commands.ts";
import { table } from "./tutorial.ts";

const entry = `
apiVersion: networking.istio.io/v1alpha3
kind: ServiceEntry
metadata: { name: httpbin }
spec:
  hosts: [httpbin.org]
  ports: [{ number: 80, name: http-port, protocol: HTTP }]
  resolution: DNS
`;

const throughGateway = `
apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: { name: istio-egressgateway }
spec:
  selector: { istio: egressgateway }
  servers:
    - port: { number: 80, name: http, protocol: HTTP }
      hosts: [httpbin.org]
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: { name: dr-for-egressgateway }
spec:
  host: istio-egressgateway.istio-system.svc.cluster.local
  subsets: [{ name: httpbin }]
---
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: { name: vs-for-egressgateway }
spec:
  hosts: [httpbin.org]
  gateways: [istio-egressgateway, mesh]
  http:
    - match: [{ gateways: [mesh], port: 80 }]
      route:
        - destination:
            host: istio-egressgateway.istio-system.svc.cluster.local
            subset: httpbin
            port: { number: 80 }
          weight: 100
    - match: [{ gateways: [istio-egressgateway], port: 80 }]
      route: [{ destination: { host: httpbin.org, port: { number: 80 } }, weight: 100 }]
`;

beforeAll(() => {
  apply(entry);
  apply(throughGateway);
});
afterAll(() => {
  tryRun(["kubectl", "delete", "-f", "-"], `${entry}---${throughGateway}`);
});

test("kubectl get se -o wide prints the columns that people know", () => {
  const [head, row] = table(kubectl("get", "se", "-o", "wide"));
  expect(head).toEqual(["NAME", "HOSTS", "LOCATION", "RESOLUTION", "AGE"]);
  expect(row?.slice(0, 2)).toEqual(["httpbin", '["httpbin.org"]']);
});

test("a call to httpbin.org goes through the egress gateway, whose log names the far end", async () => {
  const log = (): string => kubectl("logs", "-n", "istio-system", "deploy/istio-egressgateway", "--tail=200");
  const called = async (): Promise<string> => {
    const { status } = await ask("default/curl", "http://httpbin.org/ip", { maxSeconds: 5 });
    return `${status} ${log().includes('"httpbin.org"')}`;
  };
  await expect.poll(called, { timeout: 30_000 }).toBe("200 true");
  expect(log()).toMatch(/"GET \/ip HTTP\/\S+" 200 .*"httpbin\.org" "[\d.]+:80" outbound\|80\|\|httpbin\.org /);
});
