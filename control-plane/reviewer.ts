// Rules ask what a world means. Most worlds differ by one object from the one before, so the last meaning is built upon.
import type { AnyObject } from "../api/kinds.ts";
import type { Finding } from "../base/finding.ts";
import { buildSnapshot } from "../model/build.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { World } from "../model/world.ts";
import { review } from "../policies/review.ts";

/** The rules as registry and webhook ask them: about a candidate in a world. */
export function createReviewer(): (candidate: AnyObject, world: World) => readonly Finding[] {
  let last: { readonly world: World; readonly snapshot: Snapshot } | undefined;
  return (candidate, world) => {
    if (last?.world !== world) last = { world, snapshot: buildSnapshot(world, last?.snapshot) };
    return review(candidate, world, last.snapshot);
  };
}
