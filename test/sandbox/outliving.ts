// A program for lifetime.test.ts: a node with one pod, until somebody kills this process.
import { container, TestNode } from "./node-harness.ts";

const node = await TestNode.start();
await node.run("pod", [container("pod", { argv: ["/bin/sleep", process.argv[2] ?? "infinity"] })]);
await node.untilReady("pod");
process.stdout.write(`${node.directory}\n`);
