// pillion analyze: do these objects fit together?
import { checkFiles, checkFlags } from "../check-files.ts";
import { reviewTogether } from "../review-files.ts";
import type { Verb } from "../verb.ts";

const usage = `
Usage: pillion analyze -f FILE|DIR|- [-n NAMESPACE] [-o json|text]

Checks all objects together, without a cluster: everything that pillion validate does, and what they name, what they say
about the same, and which of two that conflict would be refused (the later in the files).
${checkFlags}
`;

export const analyze: Verb = {
  name: "analyze",
  summary: "check YAML, all objects together",
  usage,
  run: async (args, io) => checkFiles(args, reviewTogether, io),
};
