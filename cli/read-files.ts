// The files that a verb was given with -f: folders at any depth, single files of any name, and - for what is piped in.
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { errorText, PillionError } from "../base/error.ts";
import { fileLimitBytes } from "../registry/directory/read-file.ts";
import { scan } from "../registry/directory/scan.ts";

export interface InputFile {
  /** As findings name it: the path as it was given, or below the folder that was given; "stdin" for what was piped in. */
  readonly file: string;
  readonly text: string;
}

/**
 * The files' texts, each once, in the order given; those of a folder in path order.
 * @throws {PillionError} FILE_MISSING, FILE_UNREADABLE, NO_FILES, INTERRUPTED
 */
export async function readFiles(paths: readonly string[], signal: AbortSignal): Promise<readonly InputFile[]> {
  const seen = new Set<string>();
  const files: InputFile[] = [];
  for (const path of paths.flatMap(expand)) {
    const identity = path === "-" ? path : resolve(path);
    if (seen.has(identity)) continue;
    seen.add(identity);
    files.push({ file: fileName(path), text: await readOneFile(path, signal) });
  }
  return files;
}

/**
 * The text of one file, or of what is piped in.
 * @throws {PillionError} FILE_MISSING, FILE_UNREADABLE, INTERRUPTED
 */
export async function readOneFile(path: string, signal: AbortSignal): Promise<string> {
  return path === "-" ? readStdin(signal) : readText(path);
}

/** How a file is called: "-" is no name that people look for. */
export function fileName(path: string): string {
  return path === "-" ? "stdin" : path;
}

function expand(path: string): readonly string[] {
  if (path === "-" || !statOf(path).isDirectory()) return [path];
  const { files, failures } = scan([path]);
  const [failure] = failures;
  if (failure !== undefined) throw unreadable(failure[0], failure[1]);
  if (files.size > 0) return [...files.keys()];
  throw new PillionError("NO_FILES", {
    problem: `the folder "${path}" holds no *.yaml, *.yml or *.json`,
    fix: "Name a folder with YAML in it, or a file",
  });
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      throw new PillionError("FILE_MISSING", {
        problem: `there is no file "${path}"`,
        fix: "Name a file, a folder, or - for what is piped in",
      });
    }
    throw unreadable(path, errorText(cause));
  }
}

function readText(path: string): string {
  const stats = statOf(path);
  if (stats.isDirectory()) throw unreadable(path, "it is a folder", "Name one of the files in it");
  if (stats.size > fileLimitBytes)
    throw unreadable(path, `it has ${stats.size} bytes, and ${fileLimitBytes} is the most`);
  try {
    return decode(readFileSync(path));
  } catch (cause) {
    throw unreadable(path, errorText(cause));
  }
}

async function readStdin(signal: AbortSignal): Promise<string> {
  // Nobody may be there who ends it: at a terminal, that is what Ctrl-C is for.
  addAbortSignal(signal, process.stdin);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > fileLimitBytes) throw unreadable("-", `it has more than ${fileLimitBytes} bytes`);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    throw new PillionError("INTERRUPTED", { problem: "reading was interrupted", fix: "Start it again" });
  }
  try {
    return decode(Buffer.concat(chunks));
  } catch (cause) {
    throw unreadable("-", errorText(cause));
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function unreadable(
  path: string,
  reason: string,
  fix = "Make it a text in UTF-8 that this user may read",
): PillionError {
  return new PillionError("FILE_UNREADABLE", { problem: `"${path}" cannot be read: ${reason}`, fix });
}
