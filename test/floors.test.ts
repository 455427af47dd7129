// The house has floors (docs/ARCHITECTURE.md): imports run down only, and rooms on one floor never import one another.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** From the roof to the ground. A name may be deeper than the top folder: api and base share a line in the picture, not a floor. */
const floors: readonly (readonly string[])[] = [
  ["cli"],
  ["sandbox"],
  ["control-plane"],
  ["registry", "webhook", "xds", "console"],
  ["policies", "envoy", "injector", "certs"],
  ["model"],
  ["api"],
  ["base"],
];

/** Rooms that take nothing from the outside: no files, network, timers, environment, clock or randomness. */
const pureRooms: ReadonlySet<string> = new Set(["base", "api", "model", "policies", "envoy", "injector", "certs"]);
/** `node:crypto` is a calculation (hashes, signatures); keys come in through `newKeyPair`. */
const pureModules: ReadonlySet<string> = new Set(["node:crypto", "node:buffer", "node:util", "node:net"]);
const impureCalls =
  /\b(Date\.now\(|new Date\(\)|Math\.random\(|process\.(env|cwd|hrtime)|setTimeout\(|setInterval\(|performance\.now\(|randomUUID\(|randomBytes\()/;

const floorOf = (room: string): number => floors.findIndex((rooms) => rooms.includes(room));

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      // Generated code is not ours to shape; what tests share stands in testing/ and is no part of the product.
      if (path !== join(root, "envoy", "proto") && entry.name !== "testing") yield* sources(path);
    } else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts")) yield path;
  }
}

const rooms = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && floorOf(entry.name) >= 0)
  .map((entry) => entry.name);

const imported = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");

describe.each(rooms)("room %s", (room) => {
  const files = [...sources(join(root, room))];

  test("imports run down only", () => {
    const upward = files.flatMap((file) =>
      imported(readFileSync(file, "utf8"))
        .filter((target) => target.startsWith("."))
        .map((target) => relative(root, resolve(dirname(file), target)).split("/")[0] ?? "")
        .filter((target) => target !== room && (floorOf(target) < 0 || floorOf(target) <= floorOf(room)))
        .map((target) => `${relative(root, file)} imports ${target}/`),
    );
    expect(upward).toEqual([]);
  });

  test("files stay readable", () => {
    const long = files
      .map((file) => ({ file: relative(root, file), lines: readFileSync(file, "utf8").split("\n").length }))
      .filter(({ lines }) => lines > 350);
    expect(long).toEqual([]);
  });

  if (!pureRooms.has(room)) return;
  test("is pure", () => {
    const impure = files.flatMap((file) => {
      const text = readFileSync(file, "utf8");
      const modules = imported(text).filter((target) => target.startsWith("node:") && !pureModules.has(target));
      const calls = impureCalls.exec(text)?.[0];
      return [...modules, ...(calls === undefined ? [] : [calls])].map(
        (what) => `${relative(root, file)} uses ${what}`,
      );
    });
    expect(impure).toEqual([]);
  });
});

test("there are rooms to check", () => {
  expect(rooms.length).toBeGreaterThan(8);
});
