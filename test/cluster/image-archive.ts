// One archive with all images: the samples are one image under many names, so its layers are there once.
// @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hub, type ImageConfig, tag } from "./image-names.ts";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly config: Descriptor;
}

interface Layout {
  /** The manifest under this name: buildah writes the last name, and Docker the full one. */
  find(name: string): Descriptor;
  /** The same image with another configuration. */
  variant(of: Descriptor, config: ImageConfig): Descriptor;
  /** Says which names there are: all of them, in full, as containerd and kind know them. */
  close(names: ReadonlyMap<string, Descriptor>): void;
}

/** The OCI layout in a folder. */
export function openLayout(folder: string): Layout {
  // The forms are the specification's, and the files are buildah's.
  const read = <T>(path: string): T => JSON.parse(readFileSync(join(folder, path), "utf8")) as T;
  const blob = (digest: string): string => join("blobs", ...digest.split(":"));
  const store = (mediaType: string, value: object): Descriptor => {
    const text = JSON.stringify(value);
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    writeFileSync(join(folder, blob(digest)), text);
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };
  const index = read<{ manifests: readonly Descriptor[] }>("index.json");
  return {
    find: (name) => {
      const found = index.manifests.find(
        ({ annotations }) =>
          annotations?.["org.opencontainers.image.ref.name"] === name ||
          annotations?.["io.containerd.image.name"] === `${hub}/${name}:${tag}`,
      );
      if (found === undefined) throw new Error(`There is no image ${name} in ${folder}.`);
      return found;
    },
    variant: (of, { entrypoint, cmd, env }) => {
      const manifest = read<Manifest>(blob(of.digest));
      const image = read<{ config: { Env?: readonly string[] } }>(blob(manifest.config.digest));
      const Env = [...(image.config.Env ?? []), ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
      const config = { ...image, config: { ...image.config, Env, Entrypoint: entrypoint, Cmd: cmd } };
      return store(of.mediaType, { ...manifest, config: store(manifest.config.mediaType, config) });
    },
    close: (names) => {
      const manifests = [...names].map(([name, { mediaType, digest, size }]) => ({
        mediaType,
        digest,
        size,
        annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name },
      }));
      writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    },
  };
}
