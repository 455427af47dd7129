// The walkthrough of `npm run demo`, on a real cluster: the same questions, asked of pods that the kubelet runs.
import { afterEach, beforeAll, test } from "vitest";
import { lines } from "../../cli/demo/lines.ts";
import type { DemoMesh } from "../../cli/demo/mesh.ts";
import { clusterMesh } from "./cluster-mesh.ts";

let mesh: DemoMesh;
beforeAll(() => {
  mesh = clusterMesh();
});
afterEach(async () => mesh.restore());

test.each(lines.map((line) => ({ name: `${line.asked}: ${line.expected}`, line })))("$name", async ({ line }) => {
  process.stdout.write(`    ${line.asked}: ${await line.check(mesh)}\n`);
});
