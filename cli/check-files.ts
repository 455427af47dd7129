// What `validate` and `analyze` have in common: flags, reading, printing.
import { parseArgs } from "node:util";
import { PillionError } from "../base/error.ts";
import { explain } from "./explain.ts";
import { type PlacedFinding, type PlacedObject, parseFiles } from "./parse-files.ts";
import { inFileOrder, type OutputForm, outputForms, printFindings, printSkipped } from "./print-findings.ts";
import { type InputFile, readFiles } from "./read-files.ts";
import type { ExitCode, Io } from "./verb.ts";

/** The lines about flags in both usages. */
export const checkFlags = `
  -f, --file FILE|DIR|-  a file, a folder (every *.yaml, *.yml and *.json below it), or what is piped in; may be repeated
  -n, --namespace NAME   where objects are that name no namespace   (default)
  -o, --output FORM      text or json: an array of findings, each with file, line and column   (text)
  --explain CODE         tell what a code means, with a bad and a good example, and do nothing else

Exit code: 0 all well or warnings only, 1 errors, 2 could not run.`;

/** Look at the files that the arguments name, with `review` for what the rules say. */
export async function checkFiles(
  args: readonly string[],
  review: (objects: readonly PlacedObject[]) => readonly PlacedFinding[],
  io: Io,
  readCluster?: ReadCluster,
): Promise<ExitCode> {
  const { paths, namespace, form, explained, kubeconfig } = readFlags(args);
  if (explained !== undefined) {
    io.out.write(explain(explained));
    return 0;
  }
  if (paths.length === 0 && readCluster === undefined) {
    throw new PillionError("NO_FILES", { problem: "no file is named", fix: "Name one with -f FILE, or a folder" });
  }
  if (paths.length === 0 && readCluster !== undefined) {
    const text = await readCluster(kubeconfig, io.signal);
    return checkTexts([{ file: "cluster", text }], { namespace, form }, review, io);
  }
  return checkTexts(await readFiles(paths, io.signal), { namespace, form }, review, io);
}

/** The objects of a cluster, as one text of JSON. */
export type ReadCluster = (kubeconfig: string | undefined, signal: AbortSignal) => Promise<string>;

function checkTexts(
  files: readonly InputFile[],
  { namespace, form }: { readonly namespace: string; readonly form: OutputForm },
  review: (objects: readonly PlacedObject[]) => readonly PlacedFinding[],
  io: Io,
): ExitCode {
  const parsed = parseFiles(files, namespace);
  const findings = inFileOrder(
    [...parsed.findings, ...review(parsed.objects)],
    files.map(({ file }) => file),
  );
  printSkipped(parsed, io);
  return printFindings(findings, form, { files: files.length, objects: parsed.count }, io);
}

function readFlags(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      file: { type: "string", short: "f", multiple: true, default: [] },
      namespace: { type: "string", short: "n", default: "default" },
      output: { type: "string", short: "o", default: "text" },
      explain: { type: "string" },
      kubeconfig: { type: "string" },
    },
    allowPositionals: true,
  });
  const paths = [...values.file, ...positionals];
  const { namespace, explain: explained, kubeconfig } = values;
  return { paths, namespace, form: outputForm(values.output), explained, kubeconfig };
}

function outputForm(text: string): OutputForm {
  const form = outputForms.find((known) => known === text);
  if (form !== undefined) return form;
  throw new PillionError("OUTPUT_FORM", {
    problem: `there is no output form "${text}"`,
    fix: `Write -o ${outputForms.join(" or -o ")}`,
  });
}
