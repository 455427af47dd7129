// `pillion demo` as a person uses it: it shows a mesh, follows edits, refuses bad ones with an explanation, and leaves nothing.
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, eventually, main, Place, Running, root } from "./pillion.ts";

const place = new Place();
const nothing = place.leftovers();
const pillion = (...words: readonly string[]): Running =>
  new Running([process.execPath, main, ...words], place.environment);
let demo: Running;
let folder: string;
let page: string;

beforeAll(async () => {
  build();
  demo = pillion("demo");
  [, page = ""] = await demo.says(/Product page\s+(\S+)/);
  [, folder = ""] = await demo.says(/Rules\s+(\S+)/);
});
afterAll(async () => {
  await demo.end("SIGKILL");
  place.remove();
});

/** Which of the three reviews the page shows. */
async function starColours(): Promise<ReadonlySet<string>> {
  const bodies = await Promise.all(Array.from({ length: 12 }, async () => (await fetch(page)).text()));
  return new Set(bodies.map((body) => /reviews[- ]v([123])/i.exec(body)?.[1] ?? "none"));
}

test("demo prints the pods and serves the product page", async () => {
  expect(demo.output).toMatch(/default\s+productpage-v1-\S+\s+2\/2/);
  expect(demo.output).toMatch(/plain\s+curl-\S+\s+1\/1/);
  // A pod is ready a moment before the gateway's proxy has heard of it.
  await eventually(async () => {
    const answer = await fetch(page);
    expect(`${answer.status} ${await answer.text()}`).toMatch(/^200 .*The Comedy of Errors/s);
  });
});

test("demo follows an edit of its folder", async () => {
  expect((await starColours()).size).toBeGreaterThan(1);
  copyFileSync(join(root, "samples/bookinfo/subsets.yaml"), join(folder, "subsets.yaml"));
  copyFileSync(join(root, "samples/bookinfo/reviews-v3.yaml"), join(folder, "reviews.yaml"));
  await eventually(async () => expect([...(await starColours())]).toEqual(["3"]));
});

test("demo refuses a bad edit with its explanation, and the last good form stays", async () => {
  writeFileSync(
    join(folder, "reviews.yaml"),
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - rout: [{ destination: { host: reviews, subset: v1 } }]
`,
  );
  await demo.says(/VirtualService default\/reviews: 1 problem\s+PIL\d{4} spec\.http\[0\]\.rout: .*"route"/);
  expect([...(await starColours())]).toEqual(["3"]);
});

test("demo says which line of a file is no YAML, and the last good form stays", async () => {
  writeFileSync(
    join(folder, "reviews.yaml"),
    "apiVersion: networking.istio.io/v1\nkind: [VirtualService\nmetadata: {}\n",
  );
  await demo.says(/reviews\.yaml:\d+ /);
  expect([...(await starColours())]).toEqual(["3"]);
  rmSync(join(folder, "reviews.yaml"));
  await eventually(async () => expect((await starColours()).size).toBeGreaterThan(1));
});

test("pillion sandbox looks into it from another terminal", async () => {
  const pods = pillion("sandbox", "pods");
  expect(await pods.exit()).toBe(0);
  expect(pods.output).toMatch(/default\s+ratings-v1-\S+\s+2\/2\s+Running/);
  const asked = pillion("sandbox", "exec", "deploy/curl", "--", "curl", "-s", "http://details:9080/details/0");
  expect(await asked.exit()).toBe(0);
  expect(asked.output).toContain('"ISBN-10"');
  const logs = pillion("sandbox", "logs", "deploy/details-v1", "-c", "istio-proxy");
  expect(await logs.exit()).toBe(0);
  expect(logs.output).toContain("GET /details/0");
});

test("demo leaves nothing behind after Ctrl-C", async () => {
  const namespaces = place.processNamespaces();
  expect(namespaces.size).toBeGreaterThan(0);
  expect(await demo.end("SIGINT")).toBe(0);
  await eventually(() => expect(place.leftovers(namespaces)).toEqual(nothing));
});

test("demo leaves nothing running after kill -9, and the next one sweeps what stayed on disk", async () => {
  const killed = pillion("demo");
  await killed.says(/Product page/);
  const namespaces = place.processNamespaces();
  await killed.end("SIGKILL");
  await eventually(() => expect({ ...place.leftovers(namespaces), folders: "" }).toEqual(nothing));
  const next = pillion("demo");
  await next.says(/Product page/);
  expect(await next.end("SIGINT")).toBe(0);
  await eventually(() => expect(place.leftovers(namespaces)).toEqual(nothing));
});
