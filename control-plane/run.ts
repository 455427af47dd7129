// One process: where the objects come from decides which way it is put together.
import { setMaxListeners } from "node:events";
import { writeFile } from "node:fs/promises";
import type { DestinationStream } from "pino";
import { errorText, PillionError } from "../base/error.ts";
import type { Config } from "./config.ts";
import { runDirectoryMode } from "./directory-mode.ts";
import { createLog } from "./log.ts";

/**
 * Run until `signal` is aborted.
 * @throws {PillionError} of the mode that the configuration asks for; nothing was left running.
 */
export async function runControlPlane(
  config: Config,
  output: { readonly logTo: DestinationStream },
  signal: AbortSignal,
): Promise<void> {
  const log = createLog(config.logLevel, output.logTo);
  const stopping = new AbortController();
  // Every certificate's renewal listens to it.
  setMaxListeners(0, stopping.signal);
  const stop = (): void => stopping.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    switch (config.source) {
      case "directory":
        return await runDirectoryMode(config, log, stopping.signal);
      case "kubernetes": {
        // Loaded when it is asked for: what talks to an API server is the largest part of the process.
        const { runKubernetesMode } = await import("./kubernetes-mode.ts");
        return await runKubernetesMode(config, log, stopping.signal);
      }
    }
  } catch (thrown) {
    if (config.source === "kubernetes") await leaveMessage(config.terminationLog, thrown);
    throw thrown;
  } finally {
    stop();
  }
}

/** What the kubelet takes. */
const messageBytes = 4_096;

/** Tells the kubelet why we end, for `kubectl describe pod`. Without a sentence of ours it takes the end of the log. */
async function leaveMessage(file: string | undefined, thrown: unknown): Promise<void> {
  if (file === undefined || !(thrown instanceof PillionError)) return;
  // The log has it as well; a file that cannot be written must not hide it.
  await writeFile(file, errorText(thrown).slice(0, messageBytes)).catch(() => {});
}
