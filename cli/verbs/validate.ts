// pillion validate: is each object well-formed by itself?
import { checkFiles, checkFlags } from "../check-files.ts";
import { reviewAlone } from "../review-files.ts";
import type { Verb } from "../verb.ts";

const usage = `
Usage: pillion validate -f FILE|DIR|- [-n NAMESPACE] [-o json|text]

Checks each object alone, without a cluster: fields, values, and what Envoy would refuse. What an object names may be
elsewhere; whether the objects fit together is a question for pillion analyze.
${checkFlags}
`;

export const validate: Verb = {
  name: "validate",
  summary: "check YAML, each object alone",
  usage,
  run: async (args, io) => checkFiles(args, reviewAlone, io),
};
