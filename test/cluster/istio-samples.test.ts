// Istio's own manifests, as they are, with traffic: helloworld, tcp-echo, httpbin, and the pods to call from.
import { afterAll, beforeAll, expect, test } from "vitest";
import { isNearShare } from "../../cli/demo/line.ts";
import { ingressUrl, nodeAddress } from "./cluster-mesh.ts";
import { kubectl } from "./commands.ts";
import { startTutorial, type Tutorial } from "./tutorial.ts";

let here: Tutorial;
beforeAll(async () => {
  here = startTutorial("samples");
  for (const file of [
    "helloworld/helloworld",
    "tcp-echo/tcp-echo-services",
    "sleep/sleep",
    "curl/curl",
    "httpbin/httpbin",
    "httpbin/sample-client/fortio-deploy",
  ])
    await here.type(`kubectl apply -f samples/${file}.yaml`);
  here.ready();
});
afterAll(() => here.end());

const soon = { timeout: 20_000, interval: 200 };

test.each(["sleep", "curl"])("pods of %s call httpbin, over mutual TLS", async (name) => {
  const seen = await here.type(`kubectl exec deploy/${name} -c ${name} -- curl -sS http://httpbin:8000/headers`);
  expect(seen).toContain(`URI=spiffe://cluster.local/ns/samples/sa/${name}`);
});

test("helloworld answers behind its gateway, in both versions", async () => {
  await here.type("kubectl apply -f samples/helloworld/helloworld-gateway.yaml");
  const versions = async (): Promise<readonly string[]> => {
    const said = await here.type(`for i in $(seq 1 12); do curl -s ${ingressUrl()}/hello; done`);
    return [...new Set(said.match(/Hello version: v\d/g) ?? [])].sort();
  };
  await expect.poll(versions, soon).toEqual(["Hello version: v1", "Hello version: v2"]);
});

test("httpbin answers behind its gateway", async () => {
  await here.type("kubectl apply -f samples/httpbin/httpbin-gateway.yaml");
  const status = () => here.type(`curl -s -o /dev/null -w '%{http_code}' ${ingressUrl()}/status/418`);
  await expect.poll(status, soon).toBe("418");
});

test("tcp-echo answers behind its gateway: first v1 only, then v2 one time in five", async () => {
  const port = kubectl(
    "get",
    "svc",
    "-n",
    "istio-system",
    "istio-ingressgateway",
    "-o",
    'jsonpath={.spec.ports[?(@.name=="tcp")].nodePort}',
  );
  const talk = async (times: number): Promise<readonly string[]> => {
    const once = `(exec 3<>/dev/tcp/${nodeAddress()}/${port} && echo world >&3 && timeout 2 head -n 1 <&3)`;
    return (await here.type(`for i in $(seq 1 ${times}); do ${once}; done; true`)).trim().split("\n");
  };
  await here.type("kubectl apply -f samples/tcp-echo/tcp-echo-all-v1.yaml");
  await expect.poll(async () => new Set(await talk(5)), soon).toEqual(new Set(["one world"]));
  await here.type("kubectl apply -f samples/tcp-echo/tcp-echo-20-v2.yaml");
  await expect.poll(async () => new Set(await talk(20)), soon).toEqual(new Set(["one world", "two world"]));
  const two = (await talk(100)).filter((line) => line === "two world").length;
  expect(isNearShare(two, 100, 0.2), `${two} of 100`).toBe(true);
});

test("tcp-echo answers pods, also on a port that its Service does not name", async () => {
  const address = here.kubectl(
    "get",
    "pods",
    "-l",
    "app=tcp-echo,version=v1",
    "-o",
    "jsonpath={.items[0].status.podIP}",
  );
  const talk = (host: string, port: number) =>
    here.type(
      `kubectl exec deploy/sleep -c sleep -- bash -c 'exec 3<>/dev/tcp/${host}/${port}; echo world >&3; timeout 5 head -n 1 <&3'`,
    );
  expect(await talk("tcp-echo", 9000)).toMatch(/^(one|two) world\n/);
  expect(await talk("tcp-echo", 9001)).toMatch(/^(one|two) world\n/);
  expect(await talk(address, 9002)).toBe("one world\n");
});

test("every rule of bookinfo's networking folder is accepted as it is", async () => {
  const said = await here.type("kubectl apply --dry-run=server -f samples/bookinfo/networking");
  expect(said.match(/(created|configured|unchanged) \(server dry run\)$/gm)?.length).toBeGreaterThan(30);
});
