// The codes of the findings that this room makes.
import type { Code } from "../base/finding.ts";
import { rules } from "./rules.ts";

/** Code and what its rule demands; each has a page in docs/codes/. */
export const policyCodes: readonly { readonly code: Code; readonly title: string }[] = rules.map(
  ({ code, summary }) => ({
    code,
    title: summary,
  }),
);
