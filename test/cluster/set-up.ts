// Before the first test: a real node, images from the sources, the charts, and the samples. Afterwards nothing of it is left.
// PILLION_CLUSTER_KEEP=1 leaves the node running, for the next run or for a look.
// PILLION_CLUSTER_READY=1 takes the node as such a run left it, and leaves it: nothing is built, loaded or installed. For single files:
//   PILLION_CLUSTER_READY=1 npx vitest run --project cluster test/cluster/tutorial-egress.test.ts
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildImages, imageArchive, imageLayout, type Sizes } from "./build-images.ts";
import { installCharts } from "./charts.ts";
import { rolledOut } from "./cluster-mesh.ts";
import { apply, kubectl, root, tryRun } from "./commands.ts";
import { chooseNode } from "./node.ts";

/** Files of samples/ that the tests find in the namespace default. */
const samples = [
  "bookinfo/bookinfo.yaml",
  "bookinfo/gateway.yaml",
  "httpbin/httpbin.yaml",
  "echo/echo.yaml",
  "echo/headless.yaml",
  "echo/unnamed.yaml",
  "load/load.yaml",
  "shell/curl.yaml",
  "demo/plain.yaml",
  "demo/quiet.yaml",
  "demo/outside.yaml",
];

/** Names of servers outside of the mesh: a pod of the namespace outside answers. */
const outsideNames = ["www.example.test", "api.example.test", "httpbin.org"];

/** The tier's own start and end, as vitest calls them. */
export async function setup(): Promise<() => void> {
  const node = chooseNode();
  if (process.env["PILLION_CLUSTER_READY"] !== undefined) {
    rolledOut(["istio-system", "default"]);
    return node.serve(imageLayout);
  }
  const began = performance.now();
  const step = (what: string): void => {
    process.stdout.write(`${((performance.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${what}\n`);
  };
  const down = (): void => {
    if (process.env["PILLION_CLUSTER_KEEP"] === undefined) node.down();
  };
  try {
    const sizes = buildImages(node);
    step(
      `images: ${Object.entries(sizes)
        .map(([name, size]) => `${name} ${size}`)
        .join(", ")}`,
    );
    assertSmall(sizes);
    node.up();
    step("node is up");
    node.load(imageArchive);
    step("images are loaded");
    const isNew = tryRun(["kubectl", "get", "deploy", "-n", "istio-system", "istiod"]).status !== 0;
    installCharts();
    step("charts are installed");
    if (!isNew) restartAll();
    applySamples();
    const stopServing = await node.serve(imageLayout);
    step("samples are ready");
    return () => {
      stopServing();
      down();
    };
  } catch (thrown) {
    process.stdout.write(tryRun(["kubectl", "get", "pods", "-A"]).stdout ?? "");
    down();
    throw thrown;
  }
}

/** Sizes that are promised, unpacked. */
const largestMb = { proxyv2: 200, pilot: 250 } as const;

function assertSmall(sizes: Sizes): void {
  for (const [name, limit] of Object.entries(largestMb)) {
    const [, number, unit] = /^([\d.]+) ?([kMG]B)$/.exec(sizes[name] ?? "") ?? [];
    const megabytes = Number(number) * ({ kB: 0.001, MB: 1, GB: 1_000 }[unit ?? ""] ?? Number.NaN);
    // Also where the size cannot be read.
    if (!(megabytes < limit))
      throw new Error(`the image ${name} has ${sizes[name]}, and less than ${limit} MB is promised`);
  }
}

/** What an earlier run left has the same image names, and other images under them. */
function restartAll(): void {
  for (const namespaces of [["istio-system"], ["outside", "plain", "default"]]) {
    for (const namespace of namespaces) kubectl("rollout", "restart", "-n", namespace, "deploy");
    rolledOut(namespaces);
  }
  // Nobody makes this one anew, and a pod cannot be applied over an injected one.
  kubectl("delete", "pod", "-n", "default", "lone");
}

function applySamples(): void {
  for (const name of ["plain", "outside"]) apply(`{ apiVersion: v1, kind: Namespace, metadata: { name: ${name} } }`);
  kubectl("label", "namespace", "default", "istio-injection=enabled", "--overwrite");
  for (const file of samples) {
    const [, own = "default"] = /^demo\/(plain|outside)\.yaml$/.exec(file) ?? [];
    apply(readFileSync(join(root, "samples", file), "utf8"), own);
  }
  rolledOut(["outside"]);
  // hostAliases stand in for public DNS, in the pods that call and in the gateway that calls for them.
  const address = kubectl(
    "get",
    "pods",
    "-n",
    "outside",
    "-l",
    "app=httpbin",
    // The youngest: one of an earlier run may be on its way out.
    "--sort-by=.metadata.creationTimestamp",
    "-o",
    "jsonpath={.items[-1:].status.podIP}",
  );
  const patch = JSON.stringify({
    spec: { template: { spec: { hostAliases: [{ ip: address, hostnames: outsideNames }] } } },
  });
  for (const [namespace, name] of [
    ["default", "curl"],
    ["istio-system", "istio-egressgateway"],
  ] as const)
    kubectl("patch", "deploy", "-n", namespace, name, "--type=merge", "-p", patch);
  rolledOut(["default", "plain", "istio-system"]);
}
