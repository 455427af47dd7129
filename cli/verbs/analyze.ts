// pillion analyze: do these objects fit together?
import { checkFiles, checkFlags } from "../check-files.ts";
import { readCluster } from "../read-cluster.ts";
import { reviewTogether } from "../review-files.ts";
import type { Verb } from "../verb.ts";

const usage = `
Usage: pillion analyze [-f FILE|DIR|-] [-n NAMESPACE] [-o json|text] [--kubeconfig FILE]

Checks all objects together: those of files without a cluster, or, when no file is named, those of the cluster that
--kubeconfig ($KUBECONFIG, else ~/.kube/config) leads to. Everything that pillion validate does, and what they name, what they say
about the same, and which of two that conflict would be refused (the later in the files).
${checkFlags}
`;

export const analyze: Verb = {
  name: "analyze",
  summary: "check YAML, all objects together",
  usage,
  run: async (args, io) => checkFiles(args, reviewTogether, io, readCluster),
};
