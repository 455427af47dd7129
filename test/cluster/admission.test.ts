// What the terminal shows: a rejected object, pods of both kinds, and a Job that ends although its sidecar would not.
import { afterAll, beforeAll, expect, test } from "vitest";
import { apply, kubectl, tryRun } from "./commands.ts";
import { startTutorial, type Tutorial, table } from "./tutorial.ts";

let job: Tutorial;
beforeAll(() => {
  job = startTutorial("jobs");
});
afterAll(() => job.end());

test("kubectl get pods shows 2/2 for every pod of bookinfo", () => {
  const rows = table(kubectl("get", "pods", "-n", "default")).slice(1);
  const bookinfo = rows.filter(([name]) => /^(productpage|details|ratings|reviews)-/.test(name ?? ""));
  expect(bookinfo.length).toBe(6);
  expect(bookinfo.map((row) => row[1])).toEqual(Array(6).fill("2/2"));
});

test("kubectl exec calls the product page from ratings", () => {
  const page = kubectl(
    "exec",
    "deploy/ratings-v1",
    "-c",
    "ratings",
    "--",
    "curl",
    "-sS",
    "productpage:9080/productpage",
  );
  expect(/<title>.*<\/title>/.exec(page)?.[0]).toBe("<title>Simple Bookstore App</title>");
});

test("a rejected kubectl apply says on the terminal what, where, why and how to mend it, and stores nothing", () => {
  const { status, stderr } = tryRun(
    ["kubectl", "apply", "-n", "jobs", "-f", "-"],
    `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: zero }
spec:
  hosts: [reviews]
  http:
    - route:
        - { destination: { host: reviews, subset: v1 }, weight: 0 }
        - { destination: { host: reviews, subset: v2 }, weight: 0 }
`,
  );
  expect(status).not.toBe(0);
  for (const part of [/PIL\d{4}/, /spec\.http\[0\]/, /weight/, /docs\/codes\/PIL\d{4}\.md/])
    expect(stderr).toMatch(part);
  expect(kubectl("get", "vs", "-n", "jobs", "-o", "name")).toBe("");
});

test("a Job with a sidecar completes", () => {
  job.apply(`
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: once
          image: curlimages/curl:8.16.0
          command: [curl, -sS, --fail, "http://httpbin.default:8000/status/200"]
`);
  job.kubectl("wait", "--for=condition=complete", "job/once", "--timeout=60s");
  const names = job.kubectl("get", "pods", "-o", "jsonpath={.items[0].spec.initContainers[*].name}");
  expect(names).toBe("istio-init istio-proxy");
});

test("Istio's own manifests are applied as they are", () => {
  const corpora = process.env["PILLION_CORPORA"];
  if (corpora === undefined) throw new Error("PILLION_CORPORA names no folder of Istio's samples");
  for (const file of [
    "helloworld/helloworld.yaml",
    "tcp-echo/tcp-echo.yaml",
    "sleep/sleep.yaml",
    "httpbin/httpbin.yaml",
  ])
    job.kubectl("apply", "-f", `${corpora}/samples/${file}`);
  job.ready();
});

test("an unlabelled namespace is left alone", () => {
  apply("{ apiVersion: v1, kind: ConfigMap, metadata: { name: untouched } }", "plain");
  expect(table(kubectl("get", "pods", "-n", "plain"))[1]?.[1]).toBe("1/1");
});
