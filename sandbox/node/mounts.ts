// What a container sees of the file system: the machine's, with the pod's volumes over it, in a mount namespace of its own.
import { existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { PillionError } from "../../base/error.ts";
import { type Mount, type NodeConfig, nodePaths } from "../node-protocol.ts";
import { run } from "./programs.ts";

/** Upper folders of overlays; on the private /run, so nothing stays. */
const overlays = "/run/pillion/overlays";
/** What exec reads and writes, while it runs. */
export const execFolder = "/run/pillion/exec";

/**
 * Cover /run with a private one that holds the paths of {@link nodePaths}. Run this first: later mounts refer to them.
 * It is put together beside and moved there, because the folders that it shows may lie in /run themselves.
 */
export async function setUpPrivateRun(config: NodeConfig): Promise<void> {
  const stage = join(config.runDirectory, "stage");
  mkdirSync(stage, { recursive: true });
  const resolver = existsSync("/etc/resolv.conf") ? realpathSync("/etc/resolv.conf") : undefined;
  await run("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", stage]);
  const staged = (path: string): string => join(stage, relative("/run", path));
  const shown: readonly (readonly [string, string])[] = [
    [config.appDirectory, nodePaths.app],
    [config.runDirectory, nodePaths.run],
    [config.nodeBinary, nodePaths.node],
    [config.envoyBinary, nodePaths.envoy],
  ];
  for (const [source, target] of shown) makeTarget(source, staged(target));
  for (const folder of ["/run/netns", overlays, execFolder]) mkdirSync(staged(folder), { recursive: true });
  const lines = shown.map(([source, target]) => fstabLine(source, staged(target), "bind"));
  await mountAll(join(stage, "fstab"), lines);
  // --no-mtab: the tables that mount keeps lie in /run too, and are covered at that moment.
  await run("mount", ["--no-mtab", "--move", stage, "/run"]);
  if (existsSync("/var/run") && realpathSync("/var/run") !== "/run") await run("mount", ["--bind", "/run", "/var/run"]);
  // Where the resolver's file lies in /run, an empty one in its place lets a pod's own be mounted over it.
  if (resolver?.startsWith("/run/")) {
    mkdirSync(dirname(resolver), { recursive: true });
    writeFileSync(resolver, "");
  }
}

/**
 * Write the fstab of one container and make the places that it mounts on. A place that this machine does not have is made
 * in an overlay over the nearest folder that it has, so the machine itself is not touched.
 * @throws {PillionError} MOUNT_PATH when only the root folder could hold it.
 */
export function writeFstab(id: string, mounts: readonly Mount[]): string {
  const made = new Map<string, string>();
  const binds: string[] = [];
  for (const mount of [...mounts].sort((a, b) => depth(a.target) - depth(b.target))) {
    const target = existsSync(mount.target) ? realpathSync(mount.target) : mount.target;
    // A folder inside of a volume is the volume's own business: mount over it when it is there.
    const inVolume = mounts.find((other) => other !== mount && target.startsWith(`${other.target}/`));
    if (inVolume !== undefined) makeTarget(mount.source, join(inVolume.source, relative(inVolume.target, target)));
    else if (!existsSync(target)) makePlace(id, mount.source, target, made);
    binds.push(fstabLine(mount.source, target, mount.readOnly ? "bind,ro" : "bind"));
  }
  const layers = [...made].map(([folder, upper]) => {
    return `overlay ${octal(folder)} overlay lowerdir=${octal(folder)},upperdir=${upper}/up,workdir=${upper}/work 0 0`;
  });
  const path = join(overlays, `${id}.fstab`);
  writeFileSync(path, `${[...layers, ...binds].join("\n")}\n`);
  return path;
}

function makePlace(id: string, source: string, target: string, made: Map<string, string>): void {
  let folder = dirname(target);
  while (!existsSync(folder)) folder = dirname(folder);
  const real = realpathSync(folder);
  if (real === "/") {
    throw new PillionError("MOUNT_PATH", {
      problem: `A container mounts a volume on "${target}", and this machine has no such folder`,
      fix: `Make the folder, or mount below one that is there, such as /srv${target}`,
    });
  }
  const rest = relative(folder, target);
  if (real === "/run" || real.startsWith("/run/")) {
    makeTarget(source, join(real, rest));
    return;
  }
  let upper = made.get(real);
  if (upper === undefined) {
    upper = join(overlays, `${id}-${made.size}`);
    mkdirSync(join(upper, "up"), { recursive: true });
    mkdirSync(join(upper, "work"), { recursive: true });
    made.set(real, upper);
  }
  makeTarget(source, join(upper, "up", rest));
}

/** A file to mount a file on, a folder to mount a folder on. */
function makeTarget(source: string, target: string): void {
  if (existsSync(target)) return;
  if (statSync(source).isDirectory()) mkdirSync(target, { recursive: true });
  else {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, "");
  }
}

async function mountAll(path: string, lines: readonly string[]): Promise<void> {
  writeFileSync(path, `${lines.join("\n")}\n`);
  await run("mount", ["--all", "--fstab", path]);
}

function fstabLine(source: string, target: string, options: string): string {
  return `${octal(source)} ${octal(target)} none ${options} 0 0`;
}

/** fstab separates by spaces; they are written in octal. */
function octal(path: string): string {
  return path.replace(/[\\ \t#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

function depth(path: string): number {
  return path.split("/").length;
}
