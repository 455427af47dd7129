// The script of the proxy image against a live Envoy: what hooks call, and what people type after `kubectl exec ... --`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort, type LiveEnvoy, startEnvoy } from "./live-envoy.ts";

const script = join(import.meta.dirname, "..", "..", "proxy", "pilot-agent");
let envoy: LiveEnvoy;
let healthPort: number;

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

function agent(...args: readonly string[]): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(script, args, { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ stdout, stderr, code }));
  });
}

const request = (...args: readonly string[]): Promise<Said> =>
  agent("request", ...args, "--debug-port", String(envoy.adminPort));

/** A listener like the injected one: `/healthz/ready` is what Envoy says of itself. */
function healthListener(port: number): object {
  const type = "type.googleapis.com/envoy.extensions.filters";
  const manager = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "health",
    route_config: {
      virtual_hosts: [
        {
          name: "health",
          domains: ["*"],
          routes: [{ match: { path: "/healthz/ready" }, direct_response: { status: 200 } }],
        },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": `${type}.http.router.v3.Router` } }],
  };
  const filters = [{ name: "http", typed_config: manager }];
  return {
    name: "health",
    traffic_direction: "INBOUND",
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [{ filters }],
  };
}

beforeAll(async () => {
  healthPort = await freePort();
  envoy = await startEnvoy({ bootstrap: { static_resources: { listeners: [healthListener(healthPort)] } } });
});

afterAll(async () => envoy.stop());

test("pilot-agent wait ends as soon as the proxy is ready", async () => {
  const said = await agent("wait", "--health-port", String(healthPort), "--timeoutSeconds", "10");
  expect(said).toEqual({ stdout: "", stderr: "", code: 0 });
});

test("pilot-agent wait fails after its time where nobody answers", async () => {
  const said = await agent("wait", "--health-port", String(await freePort()), "--timeoutSeconds=1");
  expect(said.code).toBe(1);
  expect(said.stderr).toContain("the proxy is not ready after 1 s");
});

test.each(["ready", "/ready"])("pilot-agent request GET %s prints Envoy's state", async (path) => {
  expect(await request("GET", path)).toEqual({ stdout: "LIVE\n", stderr: "", code: 0 });
});

test("pilot-agent request GET stats prints every line that the admin interface has", async () => {
  const names = (text: string): string[] =>
    text
      .split("\n")
      .map((line) => line.split(":")[0] ?? "")
      .filter((name) => name.startsWith("cluster_manager.") || name.startsWith("listener_manager."));
  const said = await request("GET", "stats");
  expect(said.code).toBe(0);
  expect(names(said.stdout)).toContain("listener_manager.listener_added");
  expect(names(said.stdout)).toEqual(names(await envoy.get("/stats")));
});

test("pilot-agent request GET gives a long answer whole", async () => {
  const said = await request("GET", "config_dump");
  const dump = await envoy.get("/config_dump");
  expect(JSON.parse(said.stdout)).toHaveProperty("configs");
  expect(said.stdout.length).toBe(dump.length);
});

test("pilot-agent request ends quietly when its reader has seen enough", async () => {
  const command = `"${script}" request GET stats --debug-port ${envoy.adminPort} | head -n 1`;
  const child = spawn("bash", ["-c", command], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  expect(stderr).toBe("");
});

test("pilot-agent request POST changes what the path says", async () => {
  const said = await request("POST", "logging?misc=debug");
  expect(said.stdout).toContain("misc: debug");
  expect(said.code).toBe(0);
});

test("pilot-agent request fails, with Envoy's words, where Envoy refuses", async () => {
  const said = await request("GET", "logging?level=debug");
  expect(said.code).toBe(1);
  expect(said.stdout).toContain("POST required");
  expect(said.stderr).toBe("pilot-agent: Envoy answered GET /logging?level=debug with status 405\n");
});

// Envoy lets go step by step: the longer it drains (10 minutes by default), the more answers close their connection.
test("pilot-agent drain lets clients go while the listeners still answer", async () => {
  const url = `http://127.0.0.1:${healthPort}/healthz/ready`;
  expect((await fetch(url)).headers.get("connection")).not.toBe("close");
  const said = await agent("drain", "--debug-port", String(envoy.adminPort));
  expect(said).toEqual({ stdout: "OK\n", stderr: "", code: 0 });
  const closing = async (): Promise<void> => {
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("connection")).toBe("close");
  };
  await expect
    .poll(
      async () =>
        closing().then(
          () => "closes",
          () => "stays",
        ),
      { timeout: 40_000 },
    )
    .toBe("closes");
});

test.each([
  { name: "no verb", args: [], says: "pilot-agent request GET|POST PATH" },
  { name: "a method that is neither", args: ["request", "PUT", "stats"], says: 'not "PUT"' },
  { name: "a path with a space", args: ["request", "GET", "stats HTTP/1.1"], says: "no spaces" },
  { name: "a port that is no number", args: ["request", "GET", "stats", "--debug-port", "x"], says: 'not "x"' },
  { name: "an unknown flag", args: ["wait", "--url", "http://localhost"], says: "there is no flag --url" },
])("pilot-agent refuses $name and says what it takes", async ({ args, says }) => {
  const said = await agent(...args);
  expect(said.code).toBe(2);
  expect(said.stderr).toContain(says);
});

test("pilot-agent request says when nobody answers", async () => {
  const port = await freePort();
  const said = await agent("request", "GET", "stats", "--debug-port", String(port));
  expect(said.code).toBe(1);
  expect(said.stderr).toContain(`nobody answers on 127.0.0.1:${port}`);
});
