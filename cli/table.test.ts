import { expect, test } from "vitest";
import { tableLines } from "./table.ts";

test("tableLines() makes every column as wide as its widest cell", () => {
  expect(
    tableLines(
      ["NAME", "READY"],
      [
        ["reviews", "2/2"],
        ["a", "1/1"],
      ],
    ),
  ).toEqual(["NAME      READY", "reviews   2/2", "a         1/1"]);
});

test("tableLines() leaves the gap that scripts expect", () => {
  expect(tableLines(["NAME", "CDS"], [["reviews", "SYNCED (1s)"]], "     ")).toEqual([
    "NAME        CDS",
    "reviews     SYNCED (1s)",
  ]);
});
