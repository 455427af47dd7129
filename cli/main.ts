#!/usr/bin/env node
// The door for people: `pillion VERB …`. Finds the verb, runs it, turns what was thrown into one clear sentence.
import { errorText, PillionError } from "../base/error.ts";
import type { ExitCode, Io } from "./verb.ts";
import { loadVerb, verbs } from "./verbs.ts";

function overview(): string {
  const names = verbs.map(({ name, alias }) => (alias === undefined ? name : `${name}, ${alias}`));
  const width = Math.max(...names.map((name) => name.length));
  const lines = verbs.map(({ summary }, index) => `  ${names[index]?.padEnd(width)}  ${summary}`);
  return ["Usage: pillion VERB [flags]", "", ...lines, "", "pillion VERB --help tells more.", ""].join("\n");
}

/** What stands behind "--" is another program's. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).some((word) => word === "--help" || word === "-h");
}

/** One sentence for what the world did to us; a stack only for our own bugs. */
function explain(thrown: unknown): string {
  if (thrown instanceof PillionError) return errorText(thrown);
  if (thrown instanceof TypeError && "code" in thrown && String(thrown.code).startsWith("ERR_PARSE_ARGS"))
    return thrown.message;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    io.out.write(overview());
    return name === undefined ? 2 : 0;
  }
  const verb = await loadVerb(name);
  if (verb === undefined) {
    io.err.write(`pillion: there is no verb "${name}".\n\n${overview()}`);
    return 2;
  }
  if (asksForHelp(rest)) {
    io.out.write(`${verb.usage.trim()}\n`);
    return 0;
  }
  try {
    return await verb.run(rest, io);
  } catch (thrown) {
    io.err.write(`pillion ${name}: ${explain(thrown)}\n`);
    return 2;
  }
}

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt.abort(signal));
// Whoever reads us may have seen enough, as in `pillion analyze | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  interrupt.abort("EPIPE");
});
process.exitCode = await main(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  signal: interrupt.signal,
});
