// Nothing is lost: 200 requests a second go on while the service, and then the control plane, is replaced.
import { expect, test } from "vitest";
import { exec, rolledOut } from "./cluster-mesh.ts";
import { kubectl, start } from "./commands.ts";
import { fortioCodes } from "./tutorial.ts";

const seconds = 25;

/** Change something under load; what the load saw. */
async function underLoad(change: () => Promise<void>): Promise<ReadonlyMap<number, number>> {
  const flags = ["-qps", "200", "-c", "8", "-t", `${seconds}s`];
  const load = exec("default/load", ["fortio", "load", ...flags, "http://echo:8080/"]);
  await change();
  const codes = fortioCodes((await load).stdout);
  const total = [...codes.values()].reduce((sum, count) => sum + count, 0);
  expect(total, "requests that were sent").toBeGreaterThan(100 * seconds);
  process.stdout.write(`    ${[...codes].map(([code, count]) => `${code}: ${count}`).join(", ")}\n`);
  return codes;
}

const restart = async (namespace: string, ...names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await start(["kubectl", "rollout", "restart", "-n", namespace, `deploy/${name}`]);
    await start(["kubectl", "rollout", "status", "-n", namespace, `deploy/${name}`, "--timeout=60s"]);
  }
};

test.each([
  { name: "a rollout of both versions of the service", change: async () => restart("default", "echo-v1", "echo-v2") },
  { name: "a rollout of the control plane", change: async () => restart("istio-system", "istiod") },
  {
    name: "the control plane killed and started again",
    change: async () => {
      await start([
        "kubectl",
        "delete",
        "pods",
        "-n",
        "istio-system",
        "-l",
        "app=istiod",
        "--force",
        "--grace-period=0",
      ]);
      await start(["kubectl", "rollout", "status", "-n", "istio-system", "deploy/istiod", "--timeout=60s"]);
    },
  },
])("$name loses no request", async ({ change }) => {
  rolledOut(["default"]);
  expect([...(await underLoad(change)).keys()]).toEqual([200]);
});

test("kubectl apply works while the control plane is rolled out", async () => {
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
});
