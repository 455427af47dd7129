// Nothing is lost: 200 requests a second go on while the service, and then the control plane, is replaced.
import { afterAll, expect, test } from "vitest";
import { upgradeControlPlane } from "./charts.ts";
import { exec, rolledOut } from "./cluster-mesh.ts";
import { kubectl, start } from "./commands.ts";
import { nextTag } from "./image-names.ts";
import { fortioCodes } from "./tutorial.ts";

/** The load comes in pieces of so many seconds, for as long as the change takes, and one piece longer. */
const pieceSeconds = 4;

afterAll(() => {
  upgradeControlPlane();
});

/** Change something under load; what the load saw. */
async function underLoad(change: () => Promise<void>): Promise<ReadonlyMap<number, number>> {
  const flags = ["-qps", "200", "-c", "8", "-t", `${pieceSeconds}s`];
  const running = { on: true };
  const codes = new Map<number, number>();
  let pieces = 0;
  const load = async (): Promise<void> => {
    const { stdout } = await exec("default/load", ["fortio", "load", ...flags, "http://echo:8080/"]);
    for (const [code, count] of fortioCodes(stdout)) codes.set(code, (codes.get(code) ?? 0) + count);
    pieces += 1;
  };
  const loading = (async () => {
    while (running.on) await load();
    await load();
  })();
  try {
    await change();
  } finally {
    running.on = false;
    await loading;
  }
  const total = [...codes.values()].reduce((sum, count) => sum + count, 0);
  expect(total, "requests that were sent").toBeGreaterThan(100 * pieceSeconds * pieces);
  process.stdout.write(`    ${[...codes].map(([code, count]) => `${code}: ${count}`).join(", ")}\n`);
  return codes;
}

async function must(...words: readonly string[]): Promise<void> {
  const { code, stderr } = await start(["kubectl", ...words]);
  if (code !== 0) throw new Error(`kubectl ${words.join(" ")}: ${stderr}`);
}

const restart = async (namespace: string, ...names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await must("rollout", "restart", "-n", namespace, `deploy/${name}`);
    await must("rollout", "status", "-n", namespace, `deploy/${name}`, "--timeout=60s");
  }
};

const controlPlaneImage = (): string =>
  kubectl(
    "get",
    "pods",
    "-n",
    "istio-system",
    "-l",
    "app=istiod",
    "-o",
    "jsonpath={.items[*].spec.containers[0].image}",
  );

test.each([
  { name: "a rollout of both versions of the service", change: async () => restart("default", "echo-v1", "echo-v2") },
  { name: "a rollout of the control plane", change: async () => restart("istio-system", "istiod") },
  {
    name: "the control plane killed and started again",
    change: async () => {
      await must("delete", "pods", "-n", "istio-system", "-l", "app=istiod", "--force", "--grace-period=0");
      await must("rollout", "status", "-n", "istio-system", "deploy/istiod", "--timeout=60s");
    },
  },
  {
    name: "helm upgrade with another value",
    change: async () => {
      upgradeControlPlane("global.logging.level=debug");
    },
  },
  {
    name: "helm upgrade to another image",
    change: async () => {
      upgradeControlPlane(`global.tag=${nextTag}`);
      await expect.poll(controlPlaneImage, { timeout: 30_000 }).toMatch(new RegExp(`^\\S+:${nextTag}$`));
      // New pods get the new proxy, beside the old ones.
      await restart("default", "echo-v1");
      const proxies = kubectl(
        "get",
        "pods",
        "-n",
        "default",
        "-l",
        "app=echo",
        "-o",
        "jsonpath={.items[*].spec.initContainers[*].image}",
      );
      expect(proxies).toContain(`:${nextTag}`);
    },
  },
  {
    name: "helm upgrade to two replicas, and a rollout of these",
    change: async () => {
      upgradeControlPlane("replicaCount=2");
      await restart("istio-system", "istiod");
    },
  },
])("$name loses no request", async ({ change }) => {
  rolledOut(["default"]);
  expect([...(await underLoad(change)).keys()]).toEqual([200]);
});

test.each([{ replicas: 2 }, { replicas: 1 }])(
  "kubectl apply works while the control plane, $replicas of it, is rolled out",
  async ({ replicas }) => {
    upgradeControlPlane(`replicaCount=${replicas}`);
    const rule = (value: number): string => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: admitted }
spec: { host: echo, trafficPolicy: { connectionPool: { http: { maxRetries: ${value} } } } }`;
    const running = { on: true };
    const refused: string[] = [];
    const applying = (async () => {
      for (let round = 1; running.on; round += 1) {
        const { code, stderr } = await start(["kubectl", "apply", "-n", "default", "-f", "-"], rule(round));
        if (code !== 0) refused.push(stderr);
      }
    })();
    await restart("istio-system", "istiod");
    running.on = false;
    await applying;
    kubectl("delete", "dr", "-n", "default", "admitted");
    expect(refused).toEqual([]);
  },
);
