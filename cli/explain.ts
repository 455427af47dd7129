// What a code means: its page, as it stands in docs/codes/.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest } from "../api/nearest.ts";
import { PillionError } from "../base/error.ts";

/**
 * The page of a code.
 * @throws {PillionError} UNKNOWN_CODE
 */
export function explain(code: string): string {
  const folder = codesFolder();
  const pages = existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.md$/, "")) : [];
  const wanted = code.toUpperCase();
  if (pages.includes(wanted)) return readFileSync(join(folder, `${wanted}.md`), "utf8");
  const near = nearest(wanted, pages);
  throw new PillionError("UNKNOWN_CODE", {
    problem: `there is no code "${code}"`,
    fix: near === undefined ? `Look into ${folder}` : `Write --explain ${near}`,
  });
}

/** Sources and build stand at different depths below the package. */
function codesFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "docs", "codes")) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, "docs", "codes");
}
