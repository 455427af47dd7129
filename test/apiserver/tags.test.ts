// Two control planes of one cluster and the names between them: a tag is served by one, and moves without a gap.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts, prepare } from "./control-plane-process.ts";

let cluster: ApiServer;
const running: ControlPlane[] = [];
const patiently = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
  cluster = await startApiServer();
  await prepare(cluster);
});
afterAll(async () => {
  for (const one of running) await one.end("SIGKILL");
  await cluster?.stop();
});

function setTags(revision: string, ...tags: readonly string[]): string {
  const file = join(cluster.directory, `${revision}.json`);
  writeFileSync(file, JSON.stringify({ revision, revisionTags: tags }));
  return file;
}

async function start(revision: string, ...tags: readonly string[]): Promise<ControlPlane> {
  const flags = [`--revision=${revision}`, `--values=${setTags(revision, ...tags)}`];
  const one = new ControlPlane(cluster.kubeconfigFile, await freePorts(), flags);
  running.push(one);
  await vi.waitFor(
    async () => expect(await one.isReady(), `${await one.page("/readyz")}${one.log()}`).toBe(true),
    patiently,
  );
  return one;
}

/** Which values of istio.io/rev a revision's webhooks ask for. */
async function served(revision: string): Promise<readonly string[]> {
  const path = "jsonpath={.webhooks[0].namespaceSelector.matchExpressions[0].values[*]}";
  const name = `istio-sidecar-injector-${revision}`;
  const { stdout } = await cluster.kubectl(["get", "mutatingwebhookconfiguration", name, "-o", path]);
  return stdout.split(" ").toSorted();
}

test("a tag stays with the control plane that has it, and goes to the next one that wants it", async () => {
  const blue = await start("blue", "prod", "default");
  await vi.waitFor(async () => expect(await served("blue")).toEqual(["blue", "default", "prod"]), patiently);
  // The tag default has it check rules that name no revision.
  const rule = {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "bad", namespace: "default" },
    spec: { hosts: [] },
  };
  const apply = async (): Promise<string> =>
    (await cluster.kubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(rule))).stderr;
  await vi.waitFor(async () => expect(await apply()).toMatch(/webhook "validation\.istio\.io" denied/), patiently);

  const green = await start("green", "prod");
  const says = /revision tags: REVISION_TAKEN: .*"prod" belongs to istio-sidecar-injector-blue\. Take the tag from/;
  await vi.waitFor(async () => expect(await green.page("/readyz")).toMatch(says), patiently);
  expect(await served("green")).toEqual(["green"]);
  setTags("blue", "default");
  await vi.waitFor(async () => expect(await served("green")).toEqual(["green", "prod"]), patiently);
  expect(await served("blue")).toEqual(["blue", "default"]);
  await vi.waitFor(async () => expect(await green.page("/readyz")).not.toMatch(/revision tags/), patiently);
  expect(blue.isRunning).toBe(true);
});

test("a revision whose name is another one's tag does nothing, and says so", async () => {
  const one = new ControlPlane(cluster.kubeconfigFile, await freePorts());
  running.push(one);
  const says =
    /REVISION_TAKEN: revision "default" is taken: mutatingwebhookconfigurations\/istio-sidecar-injector-blue/;
  await vi.waitFor(async () => expect(await one.page("/readyz")).toMatch(says), patiently);
  expect(await one.isReady()).toBe(false);
});
