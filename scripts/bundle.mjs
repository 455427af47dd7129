// The compiled programs with their packages in a few files, for the image: Node finds and reads 1,000 small files slowly.
//   node scripts/bundle.mjs FOLDER
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [outdir] = process.argv.slice(2);
if (outdir === undefined) throw new Error("Name the folder to write to: node scripts/bundle.mjs FOLDER");
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const samples = readdirSync(join(dist, "samples"), { recursive: true })
  .filter((name) => name.endsWith(".js"))
  .map((name) => join(dist, "samples", name))
  .filter((path) => readFileSync(path, "utf8").includes("if (isMainModule(import.meta.url))"));

const { metafile } = await build({
  entryPoints: [join(dist, "cli", "main.js"), ...samples],
  outbase: dist,
  outdir,
  bundle: true,
  // What a verb loads when it is called stays a file of its own.
  splitting: true,
  metafile: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // Names and lines stay as they are: a stack trace can be read, and source maps would cost a quarter of a second at each start.
  sourcemap: false,
  // Packages in the older module format ask for Node's own modules in this way.
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);',
  },
  logLevel: "warning",
});

// A program that another one imports goes into a file of both, where it does not know that it was started.
const programs = new Set(samples.map((path) => relative(process.cwd(), path)));
for (const [path, { entryPoint = "", inputs }] of Object.entries(metafile.outputs))
  if (programs.has(entryPoint) && !(entryPoint in inputs))
    throw new Error(`${path} would do nothing: another program imports ${entryPoint}. Move what both need out of it.`);
