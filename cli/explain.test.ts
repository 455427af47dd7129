import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { apiCodes } from "../api/codes.ts";
import { policyCodes } from "../policies/codes.ts";
import { explain } from "./explain.ts";

const pages = readdirSync(new URL("../docs/codes", import.meta.url)).map((name) => name.replace(/\.md$/, ""));
const codes: string[] = [...apiCodes, ...policyCodes].map(({ code }) => code);

test("explain() knows every code that objects are judged by", () => {
  expect(pages).toEqual(expect.arrayContaining(codes));
});

test.each(pages.map((code) => ({ code })))("explain() tells what $code means, in any case", ({ code }) => {
  expect(explain(code)).toMatch(new RegExp(`^# ${code}: .+\n\n.+`));
  expect(explain(code.toLowerCase())).toBe(explain(code));
});

test("explain() proposes the nearest code for one that there is not", () => {
  expect(() => explain("PIL12055")).toThrow("PIL1205");
});
