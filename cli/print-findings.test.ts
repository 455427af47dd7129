import { PassThrough } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { jsonPath } from "../base/json-path.ts";
import type { PlacedFinding } from "./parse-files.ts";
import { printFindings } from "./print-findings.ts";

const finding: PlacedFinding = {
  code: "PIL1205",
  severity: "error",
  object: { kind: "VirtualService", namespace: "shop", name: "reviews" },
  path: jsonPath("spec"),
  problem: "there is a problem",
  reason: "It has a reason",
  fix: "Mend it",
  others: [],
  file: "a.yaml",
  line: 3,
  column: 1,
};

/** What is printed to a terminal, or to a file. */
function printed(isTTY: boolean, form: "text" | "json" = "text"): string {
  const out = Object.assign(new PassThrough(), { isTTY });
  const io = { out, err: new PassThrough(), signal: new AbortController().signal };
  printFindings([finding], form, { files: 1, objects: 1 }, io);
  return String(out.read());
}

const csi = "\u001b[";

afterEach(() => vi.unstubAllEnvs());

test.each([
  { name: "colours errors for a terminal", isTTY: true, noColor: "", form: "text", want: true },
  { name: "prints plain text into a file", isTTY: false, noColor: "", form: "text", want: false },
  { name: "obeys NO_COLOR", isTTY: true, noColor: "1", form: "text", want: false },
  { name: "never colours JSON", isTTY: true, noColor: "", form: "json", want: false },
] as const)("printFindings() $name", ({ isTTY, noColor, form, want }) => {
  vi.stubEnv("NO_COLOR", noColor);
  const text = printed(isTTY, form);
  expect(text.includes(csi)).toBe(want);
  if (want) expect(text).toContain(`a.yaml:3:1: ${csi}31merror${csi}0m: VirtualService shop/reviews`);
});
