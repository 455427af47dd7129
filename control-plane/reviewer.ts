// Rules ask what a world means. Most worlds differ by one object from the one before, so the last meaning is built upon.
import { apiVersionsOf } from "../api/kind-description.ts";
import { type AnyObject, descriptions, meshKinds } from "../api/kinds.ts";
import { parse } from "../api/parse.ts";
import type { Finding } from "../base/finding.ts";
import { buildSnapshot } from "../model/build.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { World } from "../model/world.ts";
import { review } from "../policies/review.ts";

/**
 * The rules as registry and webhook ask them: about a candidate in a world.
 * @param known - a meaning to begin with: most of it need not be found out again.
 */
export function createReviewer(known?: () => Snapshot): (candidate: AnyObject, world: World) => readonly Finding[] {
  let last: { readonly world: World; readonly snapshot: Snapshot } | undefined;
  return (candidate, world) => {
    if (last?.world !== world) last = { world, snapshot: buildSnapshot(world, last?.snapshot ?? known?.()) };
    return review(candidate, world, last.snapshot);
  };
}

/**
 * Read an object of each kind, so that schemas are compiled before somebody waits for it.
 * @param rest - between two kinds; others get their turn meanwhile.
 */
export async function warmUp(rest: () => Promise<void>): Promise<void> {
  for (const kind of meshKinds) {
    const [apiVersion] = apiVersionsOf(descriptions[kind]);
    parse({ apiVersion, kind, metadata: { name: "warm-up" } }, { defaultNamespace: "default" });
    await rest();
  }
}
