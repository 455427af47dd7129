// What `validate` and `analyze` have in common: flags, reading, printing.
import { parseArgs } from "node:util";
import { PillionError } from "../base/error.ts";
import { type PlacedFinding, type PlacedObject, parseFiles } from "./parse-files.ts";
import { inFileOrder, type OutputForm, outputForms, printFindings, printSkipped } from "./print-findings.ts";
import { readFiles } from "./read-files.ts";
import type { ExitCode, Io } from "./verb.ts";

/** The lines about flags in both usages. */
export const checkFlags = `
  -f, --file FILE|DIR|-  a file, a folder (every *.yaml, *.yml and *.json below it), or what is piped in; may be repeated
  -n, --namespace NAME   where objects are that name no namespace   (default)
  -o, --output FORM      text or json: an array of findings, each with file and line   (text)

Exit code: 0 all well or warnings only, 1 errors, 2 could not run.`;

/** Look at the files that the arguments name, with `review` for what the rules say. */
export async function checkFiles(
  args: readonly string[],
  review: (objects: readonly PlacedObject[]) => readonly PlacedFinding[],
  io: Io,
): Promise<ExitCode> {
  const { paths, namespace, form } = readFlags(args);
  const files = await readFiles(paths);
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
    },
    allowPositionals: true,
  });
  const paths = [...values.file, ...positionals];
  if (paths.length === 0) {
    throw new PillionError("NO_FILES", { problem: "no file is named", fix: "Name one with -f FILE, or a folder" });
  }
  return { paths, namespace: values.namespace, form: outputForm(values.output) };
}

function outputForm(text: string): OutputForm {
  const form = outputForms.find((known) => known === text);
  if (form !== undefined) return form;
  throw new PillionError("OUTPUT_FORM", {
    problem: `there is no output form "${text}"`,
    fix: `Write -o ${outputForms.join(" or -o ")}`,
  });
}
