// Builds the three images from the sources, and one archive of all names for the node.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./commands.ts";
import { openLayout } from "./image-archive.ts";
import { hub, imageNames, nextTag, tag } from "./image-names.ts";
import type { TierNode } from "./node.ts";

/** "174 MB", by name. */
export type Sizes = Readonly<Record<string, string>>;

/** Where the built images are, under all their names: an OCI layout, and the same as one file for the node. */
export const imageLayout = join(tmpdir(), "pillion-images");
export const imageArchive = `${imageLayout}.tar`;

/**
 * Build what changed and write the archive.
 * @returns the sizes of the images, unpacked
 */
export function buildImages(node: TierNode): Sizes {
  node.build();
  rmSync(imageLayout, { recursive: true, force: true });
  const built = ["proxyv2", "pilot", "samples"];
  node.writeLayout(imageLayout, built);
  const { find, variant, close } = openLayout(imageLayout);
  const samples = [...imageNames()].map(([name, config]) => [name, variant(find("samples"), config)] as const);
  const own = [tag, nextTag].flatMap((version) =>
    ["proxyv2", "pilot"].map((name) => [`${hub}/${name}:${version}`, find(name)] as const),
  );
  close(new Map([...samples, ...own]));
  rmSync(imageArchive, { force: true });
  run(["tar", "-C", imageLayout, "-cf", imageArchive, "."]);
  return Object.fromEntries(built.map((name) => [name, node.sizeOf(name)]));
}
