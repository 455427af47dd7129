// Tutorials with bookinfo in a namespace of its own, as their readers type them: versions, a user who signs in, faults, shares,
// time-outs and retries, all looked at on the product page behind the ingress gateway.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isNearShare } from "../../cli/demo/line.ts";
import { ingressUrl, nodeAddress } from "./cluster-mesh.ts";
import { apply, kubectl, root } from "./commands.ts";
import { fortioCodes, startTutorial, type Tutorial, table } from "./tutorial.ts";

let shop: Tutorial;
beforeAll(async () => {
  // Two gateways for every host name count as one, and the older rule for a path wins.
  kubectl("delete", "-n", "default", "gw/bookinfo-gateway", "vs/bookinfo");
  shop = startTutorial("bookinfo");
  await shop.type("kubectl apply -f samples/bookinfo/platform/kube/bookinfo.yaml");
  await shop.type("kubectl apply -f samples/bookinfo/networking/bookinfo-gateway.yaml");
  shop.ready();
});
afterAll(() => {
  shop?.end();
  apply(readFileSync(join(root, "samples", "bookinfo", "gateway.yaml"), "utf8"));
});

/** A rule of Istio's samples. */
const applySample = (name: string): Promise<string> =>
  shop.type(`kubectl -n bookinfo apply -f samples/bookinfo/networking/${name}.yaml`);

type Stars = "none" | "black" | "red" | "error";

/** The page, so often, one after the other, and what it shows beside its reviews; signed in where there is a cookie jar. */
async function pages(times: number, jar = "nobody"): Promise<readonly Stars[]> {
  const all = await shop.type(
    `for i in $(seq ${times}); do curl -s -m 20 -b ${jar} ${ingressUrl()}/productpage; done; true`,
  );
  const seen = all.split("<!DOCTYPE html>").slice(1).map(starsOf);
  if (seen.length !== times) throw new Error(`${seen.length} of ${times} pages: ${all.slice(-300)}`);
  return seen;
}

function starsOf(page: string): Stars {
  if (page.includes("Error fetching product reviews")) return "error";
  const [, color] = /class="stars" data-color="(black|red)"/.exec(page) ?? [];
  return color === "black" || color === "red" ? color : "none";
}

const stars = async (jar?: string): Promise<Stars | undefined> => (await pages(1, jar))[0];

const soon = { timeout: 20_000, interval: 200 };
const kinds = (seen: readonly Stars[]): readonly Stars[] => [...new Set(seen)].sort();

async function timed<T>(what: () => Promise<T>): Promise<{ readonly value: T; readonly seconds: number }> {
  const began = performance.now();
  return { value: await what(), seconds: (performance.now() - began) / 1_000 };
}

test("a pod that asks for the shop itself gets its first page", async () => {
  const page = await shop.type("kubectl exec -it deploy/ratings-v1 -c ratings -- curl -s productpage:9080");
  expect(page).toContain("<title>Simple Bookstore App</title>");
  expect(page).toContain('href="/productpage?u=normal"');
});

test("without a rule the page shows reviews of every version", async () => {
  await expect.poll(async () => kinds(await pages(9)), soon).toEqual(["black", "none", "red"]);
});

test("kubectl get lists subsets and rules that send everything to v1, and the page never has stars", async () => {
  await applySample("destination-rule-all");
  await applySample("virtual-service-all-v1");
  const [head, ...rules] = table(await shop.type("kubectl get destinationrules -o wide -n bookinfo"));
  expect(head).toEqual(["NAME", "HOST", "AGE"]);
  expect(rules.map(([name, host]) => `${name} ${host}`)).toEqual(
    ["details", "productpage", "ratings", "reviews"].map((name) => `${name} ${name}`),
  );
  const services = table(await shop.type("kubectl get vs -n bookinfo")).map((row) => row[0]);
  expect(services).toEqual(["NAME", "bookinfo", "details", "productpage", "ratings", "reviews"]);
  await expect.poll(async () => kinds(await pages(3)), soon).toEqual(["none"]);
  expect(kinds(await pages(10))).toEqual(["none"]);
});

test("jason sees stars while he is signed in, nobody else does, and the application's log has his name", async () => {
  await applySample("virtual-service-reviews-test-v2");
  await shop.type(`curl -s -c jason -d 'username=jason&passwd=jason' ${ingressUrl()}/login`);
  await expect.poll(async () => stars("jason"), soon).toBe("black");
  expect(kinds(await pages(5, "jason"))).toEqual(["black"]);
  expect(kinds(await pages(5))).toEqual(["none"]);
  await shop.type(`curl -s -b jason -c left ${ingressUrl()}/logout`);
  expect(kinds(await pages(3, "left"))).toEqual(["none"]);
});

test("a delay of 7 s for jason breaks his page, and nobody else's", async () => {
  await applySample("virtual-service-ratings-test-delay");
  await expect.poll(async () => stars("jason"), { timeout: 60_000 }).toBe("error");
  expect((await timed(() => stars("jason"))).seconds).toBeGreaterThan(5.9);
  expect(kinds(await pages(3))).toEqual(["none"]);
});

test("an abort for jason leaves his page without ratings", async () => {
  await applySample("virtual-service-ratings-test-abort");
  const text = "Ratings service is currently unavailable";
  await expect
    .poll(async () => shop.type(`curl -s -b jason ${ingressUrl()}/productpage`), { timeout: 20_000 })
    .toContain(text);
  expect(await shop.type(`curl -s ${ingressUrl()}/productpage`)).not.toContain(text);
});

test("half of the pages have red stars", async () => {
  await applySample("virtual-service-all-v1");
  await applySample("virtual-service-reviews-50-v3");
  await expect.poll(async () => kinds(await pages(12)), soon).toEqual(["none", "red"]);
  const red = (await pages(60)).filter((seen) => seen === "red").length;
  expect(isNearShare(red, 60, 0.5), `${red} of 60`).toBe(true);
});

const reviews = (more: string): string => `
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - route: [{ destination: { host: reviews, subset: v2 } }]
      ${more}`;

const slowRatings = (seconds: number, more = ""): string => `
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: { name: ratings }
spec:
  hosts: [ratings]
  http:
    - fault: { delay: { percent: 100, fixedDelay: ${seconds}s } }
      route: [{ destination: { host: ratings, subset: v1 } }]
      ${more}`;

test.each([{ timeout: 0.5 }, { timeout: 1 }])(
  "a timeout of $timeout s for reviews ends twice a call whose ratings take 2 s",
  async ({ timeout }) => {
    shop.apply(reviews(`timeout: ${timeout}s`));
    shop.apply(slowRatings(2));
    await expect.poll(async () => stars(), soon).toBe("error");
    const { seconds } = await timed(() => stars());
    // The product page asks reviews a second time.
    expect(seconds).toBeGreaterThan(2 * timeout - 0.1);
    expect(seconds).toBeLessThan(2 * timeout + 2.5);
  },
);

test("after the rules are as before, the page is whole again", async () => {
  await applySample("virtual-service-all-v1");
  await applySample("virtual-service-reviews-50-v3");
  await expect.poll(async () => kinds(await pages(12)), soon).toEqual(["none", "red"]);
});

test("while ratings take 5 s, both tries of the page arrive at its sidecar, by the identity and with the id of one request", async () => {
  shop.apply(reviews(""));
  shop.apply(slowRatings(5, "retries: { attempts: 2, perTryTimeout: 1s }"));
  await expect.poll(async () => stars(), { timeout: 60_000 }).toBe("error");
  const id = `6f1b2f0a-0000-4000-8000-${`${Date.now()}`.slice(-12).padStart(12, "0")}`;
  await shop.type(`curl -s -H 'x-request-id: ${id}' ${ingressUrl()}/productpage`);
  const arrived = async (): Promise<number> =>
    (await shop.type("kubectl logs deploy/ratings-v1 -c istio-proxy")).split("\n").filter((line) => line.includes(id))
      .length;
  await expect.poll(arrived, { timeout: 20_000 }).toBe(2);
});

const circuitBreaker = (host: string, more = ""): string => `
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: { name: ${host} }
spec:
  host: ${host}
  ${more}
  trafficPolicy:
    connectionPool:
      tcp: { maxConnections: 1 }
      http: { http1MaxPendingRequests: 1, maxRequestsPerConnection: 1 }
    outlierDetection: { consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100 }`;

const fortio = (url: string): Promise<string> =>
  shop.type(`
    export FORTIO_POD=$(kubectl get pods -n bookinfo -l app=fortio -o 'jsonpath={.items[0].metadata.name}')
    kubectl -n bookinfo exec "$FORTIO_POD" -c fortio -- /usr/bin/fortio load -c 3 -qps 0 -n 20 -loglevel Warning ${url}`);

const codes = async (url: string): Promise<readonly number[]> => [...fortioCodes(await fortio(url)).keys()].sort();

test("after all faults are gone, httpbin with a port on the node answers a browser, and trips its circuit breaker under fortio", async () => {
  await applySample("virtual-service-all-v1");
  await shop.type(`kubectl -n bookinfo apply -f samples/httpbin/httpbin.yaml
    kubectl -n bookinfo patch svc httpbin -p '{"spec":{"type":"NodePort"}}'
    kubectl -n bookinfo apply -f samples/httpbin/sample-client/fortio-deploy.yaml`);
  shop.ready();
  const port = shop.kubectl("get", "svc", "httpbin", "-o", "jsonpath={.spec.ports[0].nodePort}");
  const browse = `curl -s -m 5 -o /dev/null -w '%{http_code}' http://${nodeAddress()}:${port}/ || true`;
  await expect.poll(() => shop.type(browse), soon).toBe("200");
  shop.apply(circuitBreaker("httpbin"));
  await expect.poll(() => codes("http://httpbin:8000/get"), { timeout: 30_000 }).toEqual([200, 503]);
});

test("a circuit breaker of the product page trips at the gateway, and without it everything is answered again", async () => {
  const url = `${ingressUrl()}/productpage`;
  const subset = (name: string): string => `subsets: [{ name: ${name}, labels: { version: v1 } }]`;
  shop.apply(circuitBreaker("productpage", subset("v1")));
  await expect.poll(() => codes(url), { timeout: 60_000 }).toEqual([200, 503]);
  // As the tutorial has it: the rule of before, with a subset by another name.
  shop.apply(`
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: { name: productpage }
spec:
  host: productpage
  ${subset("v1DestinationRule")}`);
  await expect.poll(() => codes(url), { timeout: 60_000 }).toEqual([200]);
  expect(await shop.type(`curl -s ${url}`)).toContain("<title>Simple Bookstore App</title>");
});

test("the reader's own clean-up leaves nothing of httpbin and fortio", async () => {
  await shop.type(`
    kubectl -n bookinfo delete svc fortio && kubectl -n bookinfo delete deployment fortio-deploy
    kubectl -n bookinfo delete destinationrule httpbin && kubectl -n bookinfo delete sa httpbin
    kubectl -n bookinfo delete svc httpbin && kubectl -n bookinfo delete deployment httpbin`);
  const left = await shop.type("kubectl get svc,deploy,dr,sa -n bookinfo -o name");
  expect(left).not.toMatch(/fortio|httpbin/);
});
