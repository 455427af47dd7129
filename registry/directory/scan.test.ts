import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { scan } from "./scan.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pillion-scan-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const filesIn = (...directories: readonly string[]) =>
  [...scan(directories).files.keys()].map((path) => path.slice(root.length + 1));

test("scan() finds YAML and JSON in path order, and no others", () => {
  mkdirSync(join(root, "b", "c"), { recursive: true });
  for (const file of ["z.yaml", "a.YML", "b/c/d.json", "b/e.yaml", ".f.yaml", "g.yaml~", "#h.yaml", "i.txt"]) {
    writeFileSync(join(root, file), "");
  }
  expect(filesIn(root)).toEqual(["a.YML", "b/c/d.json", "b/e.yaml", "z.yaml"]);
});

test("scan() reads each folder once, whatever links lead to it", () => {
  mkdirSync(join(root, "folder"));
  writeFileSync(join(root, "folder", "a.yaml"), "");
  symlinkSync("..", join(root, "folder", "up"));
  symlinkSync("nowhere", join(root, "broken.yaml"));
  expect(filesIn(root, root)).toEqual(["folder/a.yaml"]);
});

test("scan() names what it cannot read", () => {
  symlinkSync("loop.yaml", join(root, "loop.yaml"));
  const { failures } = scan([root, join(root, "gone")]);
  expect([...failures.keys()].sort()).toEqual([join(root, "gone"), join(root, "loop.yaml")]);
});

test("scan() watches the folder that a linked file is in", () => {
  mkdirSync(join(root, "..data"));
  writeFileSync(join(root, "..data", "a.yaml"), "");
  symlinkSync(join("..data", "a.yaml"), join(root, "a.yaml"));
  expect([...scan([root]).folders.keys()]).toEqual([root, join(root, "..data")]);
});

test("scan() gives a file another stamp when it is written again", () => {
  const path = join(root, "a.yaml");
  writeFileSync(path, "a");
  const before = scan([root]).files.get(path);
  expect(scan([root]).files.get(path)).toBe(before);
  writeFileSync(path, "longer");
  expect(scan([root]).files.get(path)).not.toBe(before);
});
