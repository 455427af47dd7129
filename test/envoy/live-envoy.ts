// A real Envoy for tests: started with a bootstrap, asked through its admin interface, and gone without a trace afterwards.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { bootstrap } from "../../injector/bootstrap.ts";
import { defaultSettings } from "../../injector/settings.ts";
import { ownFolder } from "./own-folder.ts";

/** Where the binary is: `PILLION_ENVOY`, else the cache that `npm run setup` fills; undefined when it is in neither place. */
export function envoyBinary(): string | undefined {
  const path = process.env["PILLION_ENVOY"] ?? join(homedir(), ".cache/pillion/envoy-1.40.0/envoy/_bin/envoy");
  return existsSync(path) ? path : undefined;
}

export interface LiveEnvoy {
  readonly pid: number;
  readonly adminPort: number;
  /** The text of an admin page, such as "/stats?filter=cds". */
  get(path: string): Promise<string>;
  /** POST to an admin page. */
  post(path: string): Promise<string>;
  /** `/config_dump?include_eds`, parsed. */
  configDump(): Promise<unknown>;
  /** Whether `/ready` says LIVE. */
  isLive(): Promise<boolean>;
  /** What it wrote so far. */
  output(): string;
  /** Ends the process and removes its files. Call it once per Envoy. */
  stop(): Promise<void>;
}

/**
 * Start Envoy with this bootstrap (JSON, any spelling of field names) on an admin port that the kernel chooses.
 * Returned as soon as the admin interface answers, which is before the configuration is in place: await `isLive` with `until`.
 */
export async function startEnvoy(options: {
  readonly bootstrap: object;
  /** Worker threads; default 1. */
  readonly cpu?: number;
  /** Default "warning". */
  readonly logLevel?: string;
}): Promise<LiveEnvoy> {
  const binary = envoyBinary();
  if (binary === undefined) throw new Error("There is no Envoy. Set PILLION_ENVOY to its path, or run npm run setup.");
  const directory = ownFolder("envoy");
  const adminFile = join(directory, "admin");
  const bootstrap = { ...options.bootstrap, admin: { address: socketAddress(0) } };
  await writeFile(join(directory, "bootstrap.json"), JSON.stringify(bootstrap));
  const flags = [
    "--concurrency",
    String(options.cpu ?? 1),
    "--disable-hot-restart",
    "-l",
    options.logLevel ?? "warning",
  ];
  const words = [binary, "-c", join(directory, "bootstrap.json"), "--admin-address-path", adminFile, ...flags];
  const child = spawn("env", [...withParent(), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    // Whatever it writes under a relative path goes with it.
    cwd: directory,
  });
  // Whoever started it may be ended from outside.
  const leave = (): void => {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  };
  process.once("exit", leave);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const stop = async (): Promise<void> => {
    process.off("exit", leave);
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const adminPort = await until("the admin address is written", async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`Envoy ended at once:\n${output}`);
      const text = await readFile(adminFile, "utf8").catch(() => "");
      return Number(text.split(":").at(-1)) || undefined;
    });
    const ask = async (path: string, method: string): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, { method });
      return response.text();
    };
    return {
      pid: child.pid ?? 0,
      adminPort,
      get: (path) => ask(path, "GET"),
      post: (path) => ask(path, "POST"),
      configDump: async () => JSON.parse(await ask("/config_dump?include_eds", "GET")) as unknown,
      isLive: async () => (await ask("/ready", "GET")).startsWith("LIVE"),
      output: () => output,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A bootstrap with the runtime of injected proxies, whose listeners and clusters come over delta ADS in plain text from a port of this machine. */
export function adsBootstrap(options: { readonly xdsPort: number; readonly nodeId: string }): object {
  const ads = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  const http2 = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return {
    node: { id: options.nodeId, cluster: "test" },
    layered_runtime: bootstrap(defaultSettings, defaultSettings.stats, "sidecar")["layered_runtime"],
    dynamic_resources: {
      ads_config: {
        api_type: "DELTA_GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
      lds_config: ads,
      cds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          name: "xds",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: {
            [http2]: {
              "@type": `type.googleapis.com/${http2}`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: "xds",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(options.xdsPort) } }] }],
          },
        },
      ],
    },
  };
}

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("The kernel gave no port.");
  return address.port;
}

/** Ask again until there is an answer that is not false or undefined. Rejects after `limitMs`, with what it waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, limitMs = 20_000): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) throw new Error(`Waited ${limitMs} ms in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Words before a command that make Linux end it when we are killed without a chance to do so. */
function withParent(): readonly string[] {
  return existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] : [];
}

function socketAddress(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
