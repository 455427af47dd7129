// Nobody is left behind by a run that is stopped from outside, whichever way.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "./live-envoy.ts";
import { ownFolder } from "./own-folder.ts";

const program = join(import.meta.dirname, "fuzz", "main.ts");

/** The Envoy that a process has started; undefined while there is none. */
async function envoyOf(parent: number): Promise<number | undefined> {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").filter(Boolean);
  return children.map(Number).find((pid) => commandOf(pid).includes("/envoy"));
}

/** The command of a process; empty when it is gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0", 1)[0] ?? "";
  } catch {
    return ""; // It ended between two looks.
  }
}

const foldersOf = (pid: number) =>
  readdirSync(tmpdir()).filter((name) => /^pillion-(fuzz|envoy)-/.test(name) && name.includes(`-${pid}-`));

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "startEnvoy() leaves no Envoy when its process is ended by %s",
  async (signal) => {
    const fuzzer = spawn(process.execPath, ["--import", "tsx", program, "--minutes", "1", "--seed", "1"], {
      stdio: "ignore",
    });
    const pid = fuzzer.pid ?? 0;
    const ended = once(fuzzer, "exit");
    try {
      const envoy = await until("the fuzzer has an Envoy", () => envoyOf(pid), 40_000);
      expect(foldersOf(pid)).not.toEqual([]);
      fuzzer.kill(signal);
      await ended;
      await until("Envoy is gone", async () => commandOf(envoy) === "" || undefined);
      // What a killed process leaves behind, the next one takes away.
      if (signal === "SIGKILL") for (const kind of ["fuzz", "envoy"]) rmdirSync(ownFolder(kind));
      expect(foldersOf(pid)).toEqual([]);
    } finally {
      fuzzer.kill("SIGKILL");
    }
  },
);
