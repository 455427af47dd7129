// Folders of processes that may be killed: named for their process, so that the next one can take away what was left behind.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder of this process. `kind` is a word such as "fuzz"; folders of that kind whose process is gone are removed. */
export function ownFolder(kind: string): string {
  for (const name of readdirSync(tmpdir())) {
    const [, of, pid = ""] = /^pillion-([a-z]+)-(\d+)-\w+$/.exec(name) ?? [];
    if (of === kind && !existsSync(`/proc/${pid}`)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  return mkdtempSync(join(tmpdir(), `pillion-${kind}-${process.pid}-`));
}
