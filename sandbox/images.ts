// What a container of an image runs, where there are no images: the catalogue (samples/images.yaml) names programs.
import { basename } from "node:path";
import { parse } from "yaml";
import { PillionError } from "../base/error.ts";
import { isRecord } from "./objects.ts";

export interface Image {
  /** The last parts of a repository; "*" stands for any characters but "/". */
  readonly match: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string | undefined;
  /** Words that take the place of a program's name. */
  readonly programs: Readonly<Record<string, readonly string[]>>;
}

export type Catalogue = readonly Image[];

/** The proxy is known to the sandbox itself: whatever its image is called, it is Envoy from the cache. */
const proxyImages: Catalogue = ["pillion/proxy", "proxyv2", "envoyproxy/envoy"].map((match) => ({
  match,
  entrypoint: ["{envoy}"],
  cmd: [],
  env: {},
  workingDir: undefined,
  programs: { envoy: ["{envoy}"] },
}));

/**
 * The catalogue in this YAML, with the proxy's own images at its end. `replace` gives the words that stand for
 * placeholders such as `{dist}`, and for the program `node`.
 * @throws {PillionError} IMAGE_CATALOGUE when it is not of the documented form.
 */
export function parseCatalogue(text: string, replace: Readonly<Record<string, string>>): Catalogue {
  const document: unknown = parse(text);
  const entries = isRecord(document) ? document["images"] : undefined;
  if (!Array.isArray(entries)) throw malformed('it has no list "images"');
  const images = entries.map((entry: unknown) => parseImage(entry));
  return [...images, ...proxyImages].map((image) => ({
    ...image,
    entrypoint: image.entrypoint.map((word) => substitute(word, replace)),
    programs: Object.fromEntries(
      Object.entries(image.programs).map(([name, words]) => [name, words.map((word) => substitute(word, replace))]),
    ),
  }));
}

/** The first entry that matches this image, whatever its registry and tag are. */
export function findImage(catalogue: Catalogue, image: string): Image | undefined {
  const repository = repositoryOf(image);
  return catalogue.find(({ match }) => {
    const pattern = match.split("*").map(escapeRegex).join("[^/]*");
    return new RegExp(`(^|/)${pattern}$`).test(repository);
  });
}

/** The words that a program is called with: the image may know it by another place. */
export function resolveProgram(image: Image | undefined, words: readonly string[]): readonly string[] {
  const [program = "", ...rest] = words;
  const known = image?.programs[program] ?? image?.programs[basename(program)];
  return known === undefined ? words : [...known, ...rest];
}

/** "docker.io/istio/proxyv2:1.29@sha256:…" is of the repository "docker.io/istio/proxyv2". */
function repositoryOf(image: string): string {
  const withoutDigest = image.split("@", 1)[0] ?? image;
  return withoutDigest.replace(/:[^/:]*$/, "");
}

function substitute(word: string, replace: Readonly<Record<string, string>>): string {
  if (word === "node") return replace["node"] ?? word;
  return word.replace(/\{(\w+)\}/g, (whole, name: string) => replace[name] ?? whole);
}

function parseImage(entry: unknown): Image {
  if (!isRecord(entry) || typeof entry["match"] !== "string") throw malformed('an entry has no "match"');
  const { match } = entry;
  const words = (field: string, value: unknown): readonly string[] => {
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    throw malformed(`"${field}" of ${match} is not a list of words`);
  };
  const record = (field: string): Record<string, unknown> => {
    const value = entry[field] ?? {};
    if (isRecord(value)) return value;
    throw malformed(`"${field}" of ${match} is not a map`);
  };
  const workingDir = entry["workingDir"];
  return {
    match,
    entrypoint: words("entrypoint", entry["entrypoint"]),
    cmd: words("cmd", entry["cmd"]),
    env: Object.fromEntries(Object.entries(record("env")).map(([name, value]) => [name, String(value)])),
    workingDir: typeof workingDir === "string" ? workingDir : undefined,
    programs: Object.fromEntries(
      Object.entries(record("programs")).map(([name, value]) => [name, words(`programs.${name}`, value)]),
    ),
  };
}

function malformed(reason: string): PillionError {
  return new PillionError("IMAGE_CATALOGUE", {
    problem: `The image catalogue cannot be used: ${reason}`,
    fix: "Write it like samples/images.yaml, whose head describes the form",
  });
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
