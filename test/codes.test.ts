// The pages of codes that are found before any rule is asked: the first example breaks, the second is read.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { apiCodes } from "../api/codes.ts";
import { hasErrors } from "../base/finding.ts";
import { parseFiles } from "../cli/parse-files.ts";

const pages = [...apiCodes.map(({ code }) => code), "PIL1014"].map((code) => {
  const text = readFileSync(new URL(`../docs/codes/${code}.md`, import.meta.url), "utf8");
  const [broken = "", obeyed] = [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? "");
  return { code, broken, obeyed };
});
const found = (text: string) => parseFiles([{ file: "page", text }], "default").findings;

test.each(pages)("parseFiles() finds $code in the first example of its page", ({ code, broken }) => {
  expect(found(broken).map((finding) => finding.code)).toContain(code);
});

test.each(pages.filter(({ obeyed }) => obeyed !== undefined))(
  "parseFiles() finds nothing in the second example of $code",
  ({ code, obeyed = "" }) => {
    const findings = found(obeyed);
    expect(findings.filter((finding) => finding.code === code)).toEqual([]);
    expect(hasErrors(findings)).toBe(false);
  },
);

test("every page but one has two examples", () => {
  // Helm values take the place of an IstioOperator, and no example of YAML for the cluster.
  expect(pages.flatMap(({ code, obeyed }) => (obeyed === undefined ? [code] : []))).toEqual(["PIL9002"]);
});
