// Whether this machine can run a sandbox at all, said before anything is started.
import { accessSync, constants } from "node:fs";
import { PillionError } from "../base/error.ts";
import { programPath } from "./node/programs.ts";

const programs = ["ip", "iptables-restore", "mount", "nsenter", "setpriv", "sh", "unshare"];

/**
 * Check the system, the user and the programs.
 * @throws {PillionError} NOT_LINUX, NOT_ROOT, MISSING_PROGRAM, MISSING_ENVOY.
 */
export function assertMachine(options: {
  readonly envoyBinary: string;
  readonly platform: string;
  readonly user: number | undefined;
}): void {
  if (options.platform !== "linux") {
    throw new PillionError("NOT_LINUX", {
      problem: `The sandbox needs Linux's network namespaces, and this is ${options.platform}`,
      fix: "Run it on Linux, for example in a virtual machine, or use kind with Kubernetes",
    });
  }
  if (options.user !== 0) {
    throw new PillionError("NOT_ROOT", {
      problem: "The sandbox makes network namespaces, and only root may",
      fix: "Start it again with sudo",
    });
  }
  for (const program of programs) programPath(program);
  try {
    accessSync(options.envoyBinary, constants.X_OK);
  } catch (cause) {
    throw new PillionError("MISSING_ENVOY", {
      problem: `There is no Envoy at ${options.envoyBinary}`,
      fix: "Run `node scripts/setup.mjs demo`, which installs it",
      cause,
    });
  }
}
