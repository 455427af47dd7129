// Starts the demo: a folder of YAML, the control plane that reads it, and the sandbox that runs its pods.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PillionError } from "../../base/error.ts";
import { assertMachine } from "../../sandbox/machine.ts";
import { runPrefix, sweepRuns } from "../../sandbox/run-directory.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { startSandbox } from "../../sandbox/start-sandbox.ts";
import { ControlPlaneProcess } from "./control-plane-process.ts";

export interface DemoOptions {
  /** The user's folder of YAML; a fresh one with bookinfo unless given. */
  readonly directory: string | undefined;
  /** Files of samples/ (or absolute paths) that a fresh folder begins with. */
  readonly files: readonly string[];
  /** Port of the product page on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** One line about what goes on. */
  readonly say: (line: string) => void;
}

/** A demo that runs. */
export interface Demo {
  readonly directory: string;
  readonly ingressUrl: string;
  readonly stateDirectory: string;
  readonly controlPlane: ControlPlaneProcess;
  readonly sandbox: Sandbox;
  stop(): Promise<void>;
}

/** The package's root: this file is dist/cli/demo/start.js when it runs, or cli/demo/start.ts. */
const packageRoot = ((): string => {
  const above = fileURLToPath(new URL("../..", import.meta.url));
  return basename(above) === "dist" ? join(above, "..") : above;
})();

export const samplesDirectory = join(packageRoot, "samples");

/** Where set-up puts Envoy. */
function envoyBinary(): string {
  const cache = process.env["PILLION_CACHE"] ?? join(homedir(), ".cache", "pillion");
  return process.env["PILLION_ENVOY"] ?? join(cache, "envoy-1.40.0", "envoy", "_bin", "envoy");
}

/** Names of servers that are not part of the mesh, and the Service whose pods stand for them. */
const outsideHosts = { "www.example.test": "outside/httpbin", "api.example.test": "outside/httpbin" };

/**
 * Start everything; pods are on their way when this resolves. Nothing is left when it throws.
 * @throws {PillionError} what startSandbox throws; DEMO_DIRECTORY, DEMO_CONTROL_PLANE.
 */
export async function startDemo(options: DemoOptions, signal: AbortSignal): Promise<Demo> {
  const envoy = envoyBinary();
  assertMachine({ envoyBinary: envoy, platform: process.platform, user: process.getuid?.() });
  sweepRuns();
  if (options.directory !== undefined && !existsSync(options.directory)) {
    throw new PillionError("DEMO_DIRECTORY", {
      problem: `There is no folder ${options.directory}`,
      fix: "Give --dir a folder of YAML, or leave it out for bookinfo",
    });
  }
  const base = mkdtempSync(join(tmpdir(), `${runPrefix}demo-`));
  let controlPlane: ControlPlaneProcess | undefined;
  try {
    const directory = options.directory ?? freshDirectory(join(base, "mesh"), options.files);
    const [objectsDirectory, stateDirectory] = [join(base, "objects"), join(base, "state")];
    mkdirSync(objectsDirectory);
    controlPlane = await ControlPlaneProcess.start({
      dist: join(packageRoot, "dist"),
      configDirectories: [directory, objectsDirectory],
      stateDirectory,
      logFile: join(base, "control-plane.log"),
      onRefusedFile: options.say,
    });
    const sandbox = await startSandbox(
      {
        directories: [directory],
        runDirectory: base,
        objectsDirectory,
        stateDirectory,
        webhook: { host: "127.0.0.1", port: controlPlane.webhookPort },
        xds: { host: "127.0.0.1", port: controlPlane.xdsPort },
        imageCatalogue: join(samplesDirectory, "images.yaml"),
        appDirectory: packageRoot,
        envoyBinary: envoy,
        expose: [{ service: "istio-system/istio-ingressgateway", port: 80, hostPort: options.port }],
        outsideHosts,
        log: options.say,
      },
      signal,
    );
    const running = controlPlane;
    return {
      directory,
      stateDirectory,
      controlPlane: running,
      sandbox,
      ingressUrl: `http://${sandbox.address("istio-system/istio-ingressgateway") ?? ""}`,
      stop: async () => {
        await sandbox.stop();
        await running.stop();
        rmSync(base, { recursive: true, force: true });
      },
    };
  } catch (thrown) {
    await controlPlane?.stop();
    rmSync(base, { recursive: true, force: true });
    throw thrown;
  }
}

function freshDirectory(directory: string, files: readonly string[]): string {
  mkdirSync(directory);
  for (const file of files)
    cpSync(file.startsWith("/") ? file : join(samplesDirectory, file), join(directory, basename(file)));
  return directory;
}
