// kind, for machines with Docker: https://kind.sigs.k8s.io. Written to the manuals of kind and Docker 25, and not tried yet.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { environment, root, run, tryRun } from "./commands.ts";
import { hub, tag } from "./image-names.ts";
import type { TierNode } from "./node.ts";

const cluster = ["--name", "pillion"];
const image = (name: string): string => `${hub}/${name}:${tag}`;

const build = (name: string, args: readonly string[]): string =>
  // Without attestations an image is one manifest, which image-archive.ts can vary.
  run(["docker", "build", "--quiet", "--provenance=false", "--sbom=false", "-t", image(name), ...args]);

export const kindNode: TierNode = {
  build: () => {
    build("proxyv2", [join(root, "proxy")]);
    build("pilot", ["-f", join(root, "control-plane", "Dockerfile"), root]);
    const samples = join(root, "samples");
    build("samples", ["--build-arg", `PILOT_IMAGE=${image("pilot")}`, "-f", join(samples, "Dockerfile"), samples]);
  },
  writeLayout: (folder, names) => {
    mkdirSync(folder, { recursive: true });
    const saved = `${folder}.saved.tar`;
    run(["docker", "save", "-o", saved, ...names.map(image)]);
    run(["tar", "-C", folder, "-xf", saved]);
    rmSync(saved);
  },
  sizeOf: (name) => {
    const bytes = Number(run(["docker", "image", "inspect", "--format", "{{.Size}}", image(name)]));
    return `${Math.round(bytes / 1e6)} MB`;
  },
  up: () => {
    const there = tryRun(["kind", "get", "clusters"]).stdout?.split("\n") ?? [];
    const flags = [...cluster, "--kubeconfig", environment.KUBECONFIG];
    if (there.includes("pillion")) run(["kind", "export", "kubeconfig", ...flags]);
    else run(["kind", "create", "cluster", ...flags, "--wait", "120s"]);
  },
  load: (archive) => {
    run(["kind", "load", "image-archive", archive, ...cluster]);
  },
  // Nodes of kind reach the registries that manifests name.
  serve: () => Promise.resolve(() => undefined),
  down: () => {
    run(["kind", "delete", "cluster", ...cluster]);
  },
};
