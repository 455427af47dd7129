// Kubernetes on this machine, with the builder that fits it: the node that the program `cluster` boots where PILLION_CLUSTER
// names its folder, else kind.
import { kindNode } from "./kind-node.ts";
import { ownNode } from "./own-node.ts";

/** What the tier asks of a node. Images go by their last names: proxyv2, pilot, samples. */
export interface TierNode {
  /** Build the images from the sources; what did not change is not built again. */
  build(): void;
  /** Write images into an OCI layout, in which each has its last name or its full one. */
  writeLayout(folder: string, names: readonly string[]): void;
  /** "174 MB", unpacked. */
  sizeOf(name: string): string;
  up(): void;
  /** Give the node an archive of images. */
  load(archive: string): void;
  /** Be the registry for pods that pull always; gives how to end it. */
  serve(layout: string): Promise<() => void>;
  down(): void;
}

/** The node of this machine. */
export const chooseNode = (): TierNode => (process.env["PILLION_CLUSTER"] === undefined ? kindNode : ownNode);
