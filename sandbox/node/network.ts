// The node's network: one bridge, and a namespace with one interface for each pod. Everything lives in the namespace that
// this process was started in, so nothing of it is seen outside, and nothing is left when the process ends.
import { existsSync, writeFileSync } from "node:fs";
import { nodeAddress, outsideNetwork, podNetworkBits } from "../addresses.ts";
import { run } from "./programs.ts";

const bridge = "br0";

/** The bridge with the node's address; packets between pods are routed, so that the node's nat table sees both ways. */
export async function setUpNode(): Promise<void> {
  await run(
    "ip",
    ["-batch", "-"],
    `link set lo up\nlink add ${bridge} type bridge\naddr add ${nodeAddress}/${podNetworkBits} dev ${bridge}\nlink set ${bridge} up\nroute add ${outsideNetwork} dev ${bridge}\n`,
  );
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  // Where the kernel filters bridged packets too, it would translate addresses before they are routed, and lose a pod's own calls.
  const bridgeFilter = "/proc/sys/net/bridge/bridge-nf-call-iptables";
  if (existsSync(bridgeFilter)) writeFileSync(bridgeFilter, "0");
  // Pods must not be told that they could reach each other without the node.
  for (const device of ["all", bridge]) writeFileSync(`/proc/sys/net/ipv4/conf/${device}/send_redirects`, "0");
}

/** The name of a pod's namespace, by its number. */
export function namespaceOf(number: number): string {
  return `p${number}`;
}

/** A namespace for the pod, its interface with this address alone, and the node as the way to everywhere. */
export async function addPodNetwork(number: number, address: string): Promise<void> {
  const namespace = namespaceOf(number);
  await run(
    "ip",
    ["-batch", "-"],
    `netns add ${namespace}\nlink add v${number} type veth peer name eth0 netns ${namespace}\nlink set v${number} master ${bridge} up\n`,
  );
  await run(
    "ip",
    ["-netns", namespace, "-batch", "-"],
    `link set lo up\naddr add ${address}/32 dev eth0\nlink set eth0 up\nroute add ${nodeAddress} dev eth0\nroute add default via ${nodeAddress}\n`,
  );
}

/** Remove the namespace; its interface goes with it. */
export async function removePodNetwork(number: number): Promise<void> {
  await run("ip", ["netns", "delete", namespaceOf(number)]);
}

/** Replace the node's nat table at once. */
export async function setNatTable(text: string): Promise<void> {
  await run("iptables-restore", ["--table", "nat", "--wait", "5"], text);
}
