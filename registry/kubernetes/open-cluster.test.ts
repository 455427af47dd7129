// What needs no real API server; test/apiserver/registry.test.ts has the rest.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { openCluster } from "./open-cluster.ts";
import { ScriptedServer } from "./testing/scripted-server.ts";

let server: ScriptedServer;
let client: ApiClient;
let stop: AbortController;

beforeEach(async () => {
  server = await ScriptedServer.start();
  client = await createApiClient({ kubeconfig: server.kubeconfig() });
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  client.close();
  await server.stop();
});

function open() {
  const lines: string[] = [];
  const waits: number[] = [];
  const line = (_: object, message: string): void => void lines.push(message);
  const opened = openCluster(
    {
      client,
      log: { info: line, warn: line, error: line },
      onChange: () => {},
      timing: { random: () => 0.5, wait: async (ms) => void waits.push(ms) },
    },
    stop.signal,
  );
  return { opened, lines, waits };
}

const version = (minor: string) => ({ body: [{ major: "1", minor, gitVersion: `v1.${minor}.0` }] });

describe("openCluster()", () => {
  test("refuses a cluster that is too old, in one sentence", async () => {
    server.script(version("29"));
    await expect(open().opened).rejects.toThrow(/^KUBERNETES_VERSION: the cluster runs Kubernetes v1\.29\.0\./);
  });

  test("waits for an API server that is not there yet, and says so once", async () => {
    server.script({ status: 503 }, { body: ["<"] }, { body: [], ends: "cut" }, version("34"));
    const { opened, lines, waits } = open();
    const registry = await opened;
    expect(registry.serverVersion).toBe("v1.34.0");
    expect([registry.synced(), lines, waits]).toEqual([
      false,
      ["the API server does not answer; trying again until it does"],
      [75, 150, 300],
    ]);
  });

  test("ends while it waits", async () => {
    const { opened } = open();
    await server.untilAsked(1);
    stop.abort(new Error("enough"));
    await expect(opened).rejects.toThrow("enough");
  });

  test("ends its watches", async () => {
    server.script(version("34"));
    const registry = await open().opened;
    stop.abort();
    await registry.done;
  });
});
