// pillion kube-inject: the proxy put into YAML, for clusters without the webhook and for people who want to see it.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { errorText, PillionError } from "../../base/error.ts";
import { findingLine, hasErrors } from "../../base/finding.ts";
import { isObject, type Json, type JsonObject } from "../../injector/json.ts";
import { injectObject } from "../../injector/pod-templates.ts";
import type { InjectorSettings } from "../../injector/settings.ts";
import { readDocuments } from "../../registry/yaml-source.ts";
import { readSettings } from "../injector-settings.ts";
import { atLines, notYaml, type PlacedFinding } from "../parse-files.ts";
import { placedBlock } from "../print-findings.ts";
import { fileName, type InputFile, readOneFile } from "../read-files.ts";
import { rewriteObjects } from "../rewrite-objects.ts";
import type { ExitCode, Io, Verb } from "../verb.ts";

const usage = `
Usage: pillion kube-inject -f FILE|- [--mesh-config FILE] [--values FILE] [--revision NAME] [-n NAMESPACE] [-o FILE]

Prints the YAML with the proxy in every pod: of Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets,
ReplicationControllers, Jobs, CronJobs and Lists of them. Everything else comes out as it went in. The labels of namespaces
play no part; a pod that says sidecar.istio.io/inject: "false" is left alone. Kubernetes 1.34 is assumed.

  -f, --file FILE|-      what to inject
      --mesh-config FILE the mesh configuration, or the ConfigMap that it stands in
      --values FILE      Helm values as for Istio, or an IstioOperator
      --revision NAME    of the control plane   (default)
  -n, --namespace NAME   where objects are that name no namespace   (default)
  -o, --output FILE      write there instead

Exit code: 0 done, 1 an object cannot be injected (then nothing is printed), 2 could not run.
`;

export const kubeInject: Verb = {
  name: "kube-inject",
  summary: "put the proxy into the pods of a YAML file",
  usage,
  run: async (args, io) => {
    const { values: flags } = parseArgs({
      args: [...args],
      options: {
        file: { type: "string", short: "f", default: "" },
        "mesh-config": { type: "string" },
        values: { type: "string" },
        revision: { type: "string" },
        namespace: { type: "string", short: "n", default: "default" },
        output: { type: "string", short: "o" },
      },
    });
    if (flags.file === "") {
      throw new PillionError("NO_FILES", { problem: "no file is named", fix: "Name one with -f FILE, or -f -" });
    }
    const { revision, values } = flags;
    const settings = await readSettings({ meshConfig: flags["mesh-config"], values, revision }, io.signal);
    const input = { file: fileName(flags.file), text: await readOneFile(flags.file, io.signal) };
    const { text, findings } = injectText(input, flags.namespace, settings);
    tell(findings, io);
    if (hasErrors(findings)) return 1;
    if (flags.output === undefined) io.out.write(text);
    else write(flags.output, text);
    return 0 satisfies ExitCode;
  },
};

function injectText({ file, text }: InputFile, namespace: string, settings: InjectorSettings) {
  const { documents, problems } = readDocuments(text);
  if (problems.length > 0) return { text, findings: problems.map((problem) => notYaml(file, problem)) };
  const findings: PlacedFinding[] = [];
  const injected = new Map<number, JsonObject>();
  for (const [index, source] of documents.entries()) {
    const value = source.value as Json; // plain YAML is JSON's data
    const injection = isObject(value) ? injectObject(value, namespace, settings) : undefined;
    if (injection === undefined) continue;
    findings.push(...atLines(injection.findings, file, source));
    if (injection.object !== value) injected.set(index, injection.object);
  }
  if (hasErrors(findings)) return { text, findings };
  return { text: rewriteObjects(text, (object, index) => injected.get(index) ?? object), findings };
}

/** Errors with all that helps; one line for the others, which are many in a long file. */
function tell(findings: readonly PlacedFinding[], io: Io): void {
  for (const finding of findings) {
    const { file, line, severity } = finding;
    const text = severity === "error" ? placedBlock(finding) : `${file}:${line} ${severity} ${findingLine(finding)}`;
    io.err.write(`${text}\n`);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new PillionError("FILE_UNWRITABLE", {
      problem: `"${path}" cannot be written: ${errorText(cause)}`,
      fix: "Name a file with -o in a folder that exists and that this user may write to",
    });
  }
}
