// Regenerates envoy/proto/ from the Go modules that scripts/proto/go.mod pins: needs Go and the Go module proxy.
// The code is checked in, so nobody needs this to build, test or run Pillion (docs/adr/0004-protobuf.md).
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const generator = join(root, "scripts", "proto");
const output = join(root, "envoy", "proto");

function run(command, args, cwd) {
  const ran = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (ran.error?.code === "ENOENT") {
    throw new Error(`"${command}" is not installed; it is needed to regenerate envoy/proto, not to build it.`);
  }
  if (ran.status !== 0) throw new Error(`"${command} ${args[0]}" ended with ${ran.status ?? ran.signal}.`);
}

/** A folder that the generator owns is emptied first, so that what is no longer used does not stay behind. */
function emptyOutput() {
  for (const entry of readdirSync(output)) {
    if (entry !== "README.md") rmSync(join(output, entry), { recursive: true });
  }
}

const scratch = mkdtempSync(join(tmpdir(), "pillion-proto-"));
try {
  const descriptors = join(scratch, "envoy.binpb");
  console.log("Reading the descriptors from the Go modules (about a minute)");
  run("go", ["run", ".", descriptors], generator);
  emptyOutput();
  const buf = join(root, "node_modules", "@bufbuild", "buf", "bin", "buf");
  const settings = join(generator, "buf.gen.yaml");
  // The well-known types come with @bufbuild/protobuf; a second copy of them would be other types.
  const ownOnly = ["--exclude-path", "google/protobuf"];
  console.log("Generating envoy/proto");
  run(process.execPath, [buf, "generate", "--template", settings, ...ownOnly, `${descriptors}#format=binpb`], root);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
