import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { followValues, readValues } from "./values-file.ts";

const directory = mkdtempSync(join(tmpdir(), "pillion-values-"));
afterAll(() => rmSync(directory, { recursive: true }));

describe("readValues()", () => {
  test("gives settings", () => {
    const text = JSON.stringify({ global: { proxy: { image: "hub/proxyv2:1", logLevel: "info" } } });
    expect(readValues("f", text)).toMatchObject({ proxyImage: "hub/proxyv2:1", logLevel: "info" });
  });

  test.each([
    { text: "{", says: /^VALUES: the values in "f" are not JSON/ },
    { text: "[]", says: /are not an object/ },
    { text: '{"global": "x"}', says: /global is not a section/ },
    { text: '{"global":{"proxy":{"logLevel":"loud"}}}', says: /global\.proxy\.logLevel is "loud"; it must be/ },
  ])("refuses $text", ({ text, says }) => {
    expect(() => readValues("f", text)).toThrow(says);
  });
});

describe("followValues()", () => {
  test("keeps the last good values, the same object as long as the file is the same", async () => {
    const file = join(directory, "values.json");
    const write = (level: string): void =>
      writeFileSync(file, JSON.stringify({ global: { proxy: { logLevel: level } } }));
    write("info");
    const values = await followValues(file);
    const first = values.current();
    await values.refresh();
    expect(values.current()).toBe(first);
    write("loud");
    await expect(values.refresh()).rejects.toThrow(/"loud"/);
    expect(values.current()).toBe(first);
    write("debug");
    await values.refresh();
    expect(values.current()).toMatchObject({ logLevel: "debug" });
  });

  test("says that the file is not there", async () => {
    await expect(followValues(join(directory, "none.json"))).rejects.toThrow(/^VALUES: .*none\.json.*can't be read/);
  });
});
