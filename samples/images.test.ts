import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

const here = import.meta.dirname;
const read = (file: string): string => readFileSync(join(here, file), "utf8");
const catalogue = read("images.yaml");
const manifests = readdirSync(here, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".yaml") && file !== "images.yaml",
);
const found = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? "");

test("images.yaml names only programs that exist", () => {
  const programs = found(catalogue, /\{dist\}\/samples\/([\w/-]+)\.js/g);
  expect(programs.length).toBeGreaterThan(10);
  expect(programs.filter((program) => !existsSync(join(here, `${program}.ts`)))).toEqual([]);
});

test("images.yaml has an entry for every image in the manifests", () => {
  const entries = found(catalogue, /match: (\S+)/g);
  const images = manifests.flatMap((file) => found(read(file), /image: ([^\s:]+)/g));
  expect(images).toContain("pillion/bookinfo-reviews");
  // "auto" stands for the proxy that injection puts in.
  expect(images.filter((image) => image !== "auto" && !entries.includes(image))).toEqual([]);
});

test.each(manifests)("%s is YAML that begins with a comment of one line", (file) => {
  const text = read(file);
  expect(parseAllDocuments(text).flatMap((document) => document.errors)).toEqual([]);
  expect(text).toMatch(/^# [^\n]+\.\n[^#]/);
});
