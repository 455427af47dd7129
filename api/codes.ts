// The codes of the findings that this room makes; the other hundreds are listed by the rooms that make them.
import type { Code } from "../base/finding.ts";

/** Code and title; each has a page in docs/codes/. */
export const apiCodes = [
  { code: "PIL1001", title: "unknown field" },
  { code: "PIL1002", title: "value of another type" },
  { code: "PIL1003", title: "word that the field does not know" },
  { code: "PIL1004", title: "number or duration out of range" },
  { code: "PIL1005", title: "missing field" },
  { code: "PIL1006", title: "text that is not a duration" },
  { code: "PIL1007", title: "name that Kubernetes does not take" },
  { code: "PIL1008", title: "unknown kind" },
  { code: "PIL1009", title: "unknown version" },
  { code: "PIL1010", title: "too many, too few or too long" },
  { code: "PIL1011", title: "not an object of Kubernetes" },
  { code: "PIL1012", title: "mesh configuration that cannot be read" },
  { code: "PIL1013", title: "probably misspelled field of the mesh configuration" },
  { code: "PIL1015", title: "value in the mesh configuration that nothing can use" },
  { code: "PIL1016", title: "setting of the mesh configuration that acts on nothing" },
  { code: "PIL9002", title: "IstioOperator, which Helm values take the place of" },
] as const satisfies readonly { code: Code; title: string }[];

/** A code of this room. */
export type ApiCode = (typeof apiCodes)[number]["code"];
