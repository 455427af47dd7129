import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonLines } from "./json-lines.ts";

async function read(chunks: readonly Uint8Array[], limitBytes?: number): Promise<unknown[]> {
  async function* source(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const values: unknown[] = [];
  for await (const value of jsonLines(source(), limitBytes)) values.push(value);
  return values;
}

/** The bytes in pieces that end at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe("jsonLines()", () => {
  test("gives the same values however the bytes are cut", async () => {
    const values = fc.array(fc.jsonValue(), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.nat(), { maxLength: 8 }), async (given, places) => {
        const texts = given.map((value) => JSON.stringify(value));
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
        expect(await read(cut(bytes, places))).toEqual(texts.map((text) => JSON.parse(text) as unknown));
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    { name: "drops half a line at the end", text: '{"a":1}\n{"b":', want: [{ a: 1 }] },
    { name: "drops a last line without an end, which may be cut", text: "1\n23", want: [1] },
    { name: "leaves out empty lines", text: "\n1\r\n\n2\n", want: [1, 2] },
  ])("$name", async ({ text, want }) => {
    expect(await read([Buffer.from(text)])).toEqual(want);
  });

  test.each([
    { name: "is not JSON", text: "1\n{{\n" },
    { name: "is too long, also before its end", text: `1\n"${"x".repeat(60)}` },
  ])("throws for a line that $name", async ({ text }) => {
    await expect(read([Buffer.from(text)], 50)).rejects.toThrow(SyntaxError);
  });
});
