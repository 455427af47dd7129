// Writing files that others have mounted or watch.
import { closeSync, ftruncateSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Replace the content and keep the inode, which containers have mounted. It is never empty in between, so nobody who reads it
 * at that moment misses all names.
 */
export function writeInPlace(path: string, text: string): void {
  const content = Buffer.from(text);
  const file = openSync(path, "r+");
  try {
    writeSync(file, content, 0, content.length, 0);
    ftruncateSync(file, content.length);
  } finally {
    closeSync(file);
  }
}

/** Replace the whole file at once; watchers of the folder never see half of it. */
export function writeAtomically(path: string, text: string): void {
  const unfinished = join(dirname(path), `.${basename(path)}.new`);
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
}
