import { expect, test } from "vitest";
import { meshConfigFindings } from "./mesh-grades.ts";

/** Codes, places and problems of a mesh configuration that grades codes. */
const said = (grades: string) =>
  meshConfigFindings(`pillion: { findings: { ${grades} } }`).map(
    ({ severity, code, path, problem }) => `${severity} ${code} ${path}: ${problem}`,
  );

test.each([
  "",
  "PIL1204: warn, PIL3102: off, PIL6001: deny",
  "PIL4001: deny", // It is so anyway.
])("meshConfigFindings() says nothing of grades { %s }", (grades) => {
  expect(said(grades)).toEqual([]);
});

test.each([
  { grades: "PIL4001: off", want: "it is about what Envoy would refuse" },
  { grades: "PIL1302: warn", want: "it is about what Envoy would refuse" },
  { grades: "PIL1001: off", want: "it is about the form of the object" },
  { grades: "PIL1004: deny", want: "it is about the form of the object" },
  { grades: "PIL12044: off", want: 'no rule has this code; did you mean "PIL1204"?' },
  { grades: "pil3102: off", want: 'no rule has this code; did you mean "PIL3102"?' },
  { grades: "IST0101: off", want: 'no rule has this code; did you mean "PIL2101"?' },
  { grades: "PIL3006: off", want: "no rule has this code" }, // Files and pods have codes of their own.
  { grades: "everything: off", want: "no rule has this code" },
])("meshConfigFindings() says that $want of { $grades }", ({ grades, want }) => {
  const [code = ""] = grades.split(":");
  expect(said(grades)).toEqual([
    `warning PIL1016 data.mesh.pillion.findings.${code}: "${code}" is graded, and ${want}`,
  ]);
});

test("meshConfigFindings() leaves what cannot be read to the parser", () => {
  expect(said("PIL9999: refuse").join()).toContain("error PIL1003 data.mesh.pillion.findings.PIL9999");
});
