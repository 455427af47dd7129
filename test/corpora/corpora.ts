// Where Istio's own cases are: a folder that $PILLION_CORPORA names, and nothing else does.
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The folder of the corpora; undefined where there is none, which is a failure under CI=true. */
export const corpora: string | undefined = corporaFolder();

/** Why the tests of this tier do not run, for their names; "" when they do. */
export const skipReason: string = corpora === undefined ? " (skipped: PILLION_CORPORA names no folder)" : "";

/** All files below a folder whose name ends so, in path order. */
export function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => ending.test(path))
    .sort()
    .map((path) => join(folder, path));
}

function corporaFolder(): string | undefined {
  const folder = process.env["PILLION_CORPORA"] ?? "";
  if (folder !== "") return folder;
  if (process.env["CI"] === "true") throw new Error("PILLION_CORPORA is not set. Set it to the folder of the corpora.");
  return undefined;
}
