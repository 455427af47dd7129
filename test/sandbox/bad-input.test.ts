// What a person may get wrong: each time one clear sentence with the way out, and nothing half-started stays.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { build, eventually, main, Place, Running } from "./pillion.ts";

const place = new Place();
const nothing = place.leftovers();
let folder: string;
beforeAll(build);
afterAll(() => place.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bad-input-"));
  mkdirSync(join(folder, "mesh"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const pillion = (words: readonly string[], env: NodeJS.ProcessEnv = place.environment): Running =>
  new Running([process.execPath, main, ...words], env);

/** What it says when it gives up; nothing of it may stay. */
async function complaint(running: Running): Promise<string> {
  expect(await running.exit()).toBe(2);
  await eventually(() => expect(place.leftovers()).toEqual(nothing));
  return running.output;
}

/** A port of 127.0.0.1 that somebody has, while `use` runs. */
async function withTakenPort<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    return await use(typeof address === "object" && address !== null ? address.port : 0);
  } finally {
    server.close();
  }
}

const controlPlane = (...more: readonly string[]): readonly string[] => [
  ...["control-plane", "--config-dir", join(folder, "mesh"), "--state-dir", join(folder, "state")],
  ...["--webhook", "127.0.0.1:0", "--xds", "127.0.0.1:0", ...more],
];

test("demo without Envoy says how to get it", async () => {
  const text = await complaint(pillion(["demo"], { ...place.environment, PILLION_ENVOY: join(folder, "no-envoy") }));
  expect(text).toMatch(/MISSING_ENVOY: .*no-envoy/);
  expect(text).toMatch(/setup\.mjs/);
});

test("demo without root says what it needs root for", async () => {
  const words = ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath, main, "demo"];
  const text = await complaint(new Running(["setpriv", ...words], place.environment));
  expect(text).toMatch(/NOT_ROOT: .*root/);
});

test("demo on a port in use names the port", async () => {
  const [port, text] = await withTakenPort(async (taken) => [
    taken,
    await complaint(pillion(["demo", "--port", `${taken}`])),
  ]);
  expect(text).toMatch(new RegExp(`LISTEN: .*${port}`));
});

test("demo on a folder that is not there names the folder", async () => {
  expect(await complaint(pillion(["demo", "--dir", join(folder, "nowhere")]))).toMatch(/DEMO_DIRECTORY: .*nowhere/);
});

test.each(["webhook", "xds"])("control-plane whose --%s port is in use names it and ends", async (flag) => {
  const [port, text] = await withTakenPort(async (taken) => [
    taken,
    await complaint(pillion(controlPlane(`--${flag}`, `127.0.0.1:${taken}`))),
  ]);
  expect(text).toMatch(new RegExp(`(WEBHOOK_LISTEN|XDS_PORT): .*127\\.0\\.0\\.1:${port}.*--${flag}`));
});

test("control-plane that is not told where objects are says which flags do", async () => {
  expect(await complaint(pillion(["control-plane", "--state-dir", folder]))).toMatch(
    /CONFIG: .*--config-dir DIR, --kubeconfig FILE/,
  );
});

test("control-plane on a folder that is not there says so", async () => {
  const words = ["control-plane", "--config-dir", join(folder, "nowhere"), "--state-dir", join(folder, "state")];
  expect(await complaint(pillion(words))).toMatch(/CONFIG_DIRECTORY: .*nowhere/);
});

test("control-plane says which line of which file is wrong, skips foreign kinds, and serves the rest", async () => {
  const write = (name: string, text: string): void => writeFileSync(join(folder, "mesh", name), text);
  write("broken.yaml", "kind: [Service\nmetadata: {}\n");
  write("unknown.yaml", "apiVersion: networking.istio.io/v1\nkind: VirtualServise\nmetadata: { name: a }\nspec: {}\n");
  write("foreign.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: a }\n");
  write("good.yaml", "apiVersion: v1\nkind: Service\nmetadata: { name: good }\nspec: { ports: [{ port: 80 }] }\n");
  const running = pillion(controlPlane());
  try {
    await running.says(/control plane serves/);
    expect(running.output).toMatch(/broken\.yaml.*"line":\d/);
    expect(running.output).toMatch(/VirtualServise.*VirtualService/);
    expect(running.output.match(/Widget/g)).toHaveLength(1);
  } finally {
    expect(await running.end("SIGTERM")).toBe(0);
  }
});

test("an unknown verb lists the verbs", async () => {
  const running = pillion(["frobnicate"]);
  expect(await running.exit()).toBe(2);
  expect(running.output).toMatch(/no verb "frobnicate"[\s\S]*control-plane/);
});

test("an unknown flag is named", async () => {
  expect(await complaint(pillion(["demo", "--chek"]))).toMatch(/--chek/);
});

test("a walkthrough that would ask nothing is no success", async () => {
  expect(await complaint(pillion(["demo", "--check", "--only", "no such line"]))).toMatch(/DEMO_LINE: .*no such line/);
});

test("a port that is none is named", async () => {
  expect(await complaint(pillion(["demo", "--port", "http"]))).toMatch(/DEMO_PORT: .*"http"/);
});
