// Compiles the tree to dist/ when a source is newer than the last build; without sources (an installed package) it does nothing.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "dist", ".built");
const skipped = new Set(["node_modules", "dist", ".git", "test", "docs"]);

function newestSource(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (/\.(ts|js|mjs|json|yaml)$/.test(entry.name)) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

if (!existsSync(join(root, "tsconfig.build.json"))) process.exit(0);
if (existsSync(stamp) && statSync(stamp).mtimeMs > newestSource(root) && !process.argv.includes("--force"))
  process.exit(0);

const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
if (!existsSync(compiler)) {
  console.error(
    "pillion: TypeScript is not installed, so dist/ is not built. Run `npm ci` (with its development dependencies).",
  );
  process.exit(0);
}
const built = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
if (built.status !== 0) process.exit(built.status ?? 1);
const generated = join(root, "envoy", "proto");
if (existsSync(generated)) {
  cpSync(generated, join(root, "dist", "envoy", "proto"), {
    recursive: true,
    filter: (path) => !/\.(ts|md)$/.test(path),
  });
}
writeFileSync(stamp, "");
