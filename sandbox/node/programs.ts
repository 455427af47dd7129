// Calls of the machine's own programs (ip, iptables-restore, mount), by absolute path: containers may change PATH.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { PillionError } from "../../base/error.ts";

/** Where programs are looked for; daemons often start without the sbin folders. */
const searchPath = [
  ...new Set([...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
];

/** The absolute path of a program, or undefined. */
export function findProgram(name: string): string | undefined {
  return searchPath
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false; // Not in this folder.
      }
    });
}

/**
 * The absolute path of a program.
 * @throws {PillionError} MISSING_PROGRAM when no folder of the search path has it.
 */
export function programPath(name: string): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new PillionError("MISSING_PROGRAM", {
    problem: `The program "${name}" is not on this machine`,
    fix: "Run `node scripts/setup.mjs demo` as root, or install it (Debian: iptables, iproute2, util-linux)",
  });
}

/**
 * Run a program with this text on its standard input, to its end; gives what it printed.
 * @throws {PillionError} PROGRAM_FAILED with its last words when it does not end with 0.
 */
export async function run(name: string, args: readonly string[], input = ""): Promise<string> {
  const child = spawn(programPath(name), [...args], { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A program that ends without reading its input breaks the pipe; its exit code tells the story.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 0) return stdout;
  throw new PillionError("PROGRAM_FAILED", {
    problem: `"${[name, ...args].join(" ")}" failed: ${stderr.trim().split("\n").at(-1) ?? ""}`,
    fix: "Check that this is root with the rights of a whole machine (a container needs --privileged)",
  });
}
