// What the rules say about objects in files: each alone, or all together as a cluster would have them.
import type { AnyObject, Kind } from "../api/kinds.ts";
import { refOf } from "../api/object.ts";
import { type Finding, hasErrors } from "../base/finding.ts";
import { jsonPath } from "../base/json-path.ts";
import { type ObjectRef, refText } from "../base/object-ref.ts";
import { buildSnapshot } from "../model/build.ts";
import { applyChanges, emptyWorld, type World } from "../model/world.ts";
import { review, reviewBy } from "../policies/review.ts";
import { rules } from "../policies/rules.ts";
import { atLines, type PlacedFinding, type PlacedObject } from "./parse-files.ts";

/** Rules about what an object names are left out when it is looked at alone: what it names may well be there. */
const rulesForOne = rules.filter(({ code }) => !code.startsWith("PIL2"));

/** What is wrong with each object, whatever else there is. */
export function reviewAlone(objects: readonly PlacedObject[]): readonly PlacedFinding[] {
  return objects.flatMap((placed) => {
    const world = worldOf([placed]);
    return atLines(reviewBy(rulesForOne, placed.object, world, buildSnapshot(world)), placed.file, placed);
  });
}

/**
 * What is wrong with the objects as they stand together. Of two that conflict the later is told, as if they were applied in
 * this order; everything else is judged with all of them there, so that the order of files does not matter.
 */
export function reviewTogether(all: readonly PlacedObject[]): readonly PlacedFinding[] {
  const { objects, duplicates } = withoutDuplicates(all);
  const world = worldOf(objects);
  const snapshot = buildSnapshot(world);
  const unwanted = new Set<PlacedObject>();
  const findings: PlacedFinding[] = [...duplicates];
  for (const [index, placed] of objects.entries()) {
    let own = review(placed.object, world, snapshot);
    if (own.some(isRivalry)) {
      const notYet = [...objects.slice(index + 1), ...unwanted];
      own = asApplied(placed.object, own, without(world, placed.object.kind, notYet));
    }
    if (hasErrors(own)) unwanted.add(placed);
    findings.push(...atLines(own, placed.file, placed));
  }
  return findings;
}

/** The findings with all objects there, but for rivals: those with what came before. */
function asApplied(object: AnyObject, findings: readonly Finding[], earlier: World): readonly Finding[] {
  const before = review(object, earlier, buildSnapshot(earlier));
  return [...findings.filter((finding) => !isRivalry(finding)), ...before.filter(isRivalry)];
}

/** Whether it is about another object of the same kind, which most likely says the same of this one. */
function isRivalry({ object, others }: Finding): boolean {
  return others.some(({ kind }) => kind === object.kind);
}

function without(world: World, kind: Kind, placed: readonly PlacedObject[]): World {
  const rivals = placed.filter(({ object }) => object.kind === kind);
  return applyChanges(
    world,
    rivals.map(({ object }) => ({ type: "delete", ref: { ...refOf(object), kind } })),
  );
}

function worldOf(placed: readonly PlacedObject[]): World {
  return applyChanges(
    emptyWorld(),
    placed.map(({ object }) => ({ type: "put", object })),
  );
}

/** The first of each name stays. */
function withoutDuplicates(all: readonly PlacedObject[]) {
  const owners = new Map<string, PlacedObject>();
  const duplicates: PlacedFinding[] = [];
  for (const placed of all) {
    const ref = refOf(placed.object);
    const owner = owners.get(refText(ref));
    if (owner === undefined) owners.set(refText(ref), placed);
    else duplicates.push(duplicate(placed, ref, owner));
  }
  return { objects: [...owners.values()], duplicates };
}

function duplicate({ file, line }: PlacedObject, object: ObjectRef, owner: PlacedObject): PlacedFinding {
  return {
    code: "PIL3006",
    severity: "error",
    object,
    path: jsonPath(),
    problem: `it stands in ${owner.file}, line ${owner.line}, already`,
    reason: "A cluster would keep only the one that is applied last, a directory only the first",
    fix: "Keep it in one place, or give one of the two another name",
    others: [],
    file,
    line,
    column: 1,
  };
}
