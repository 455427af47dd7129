// What people see when they apply, edit, patch and delete objects of the mesh: kubectl, a real API server, the real webhook.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts, pillion, prepare } from "./control-plane-process.ts";
import { programPath, run } from "./programs.ts";

let cluster: ApiServer;
let controlPlane: ControlPlane | undefined;

beforeAll(async () => {
  cluster = await startApiServer();
  await prepare(cluster);
  await kubectl(["create", "namespace", "shop"]);
  const one = new ControlPlane(cluster.kubeconfigFile, await freePorts());
  controlPlane = one;
  await vi.waitFor(async () => expect(await one.isReady(), one.log()).toBe(true), { timeout: 60_000, interval: 100 });
});
afterAll(async () => {
  await controlPlane?.end("SIGKILL");
  await cluster?.stop();
});

/** What kubectl says; fails with its words. */
async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const patiently = { timeout: 30_000, interval: 100 };

interface Parts {
  readonly version?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const virtualService = (name: string, spec: object, { version = "v1", annotations = {} }: Parts = {}) =>
  stringify({
    apiVersion: `networking.istio.io/${version}`,
    kind: "VirtualService",
    metadata: { name, namespace: "shop", annotations },
    spec,
  });
const route = [{ destination: { host: "reviews" } }];
const good = (host: string) => ({ hosts: [host], http: [{ route }] });

describe("kubectl apply", () => {
  test("prints every problem with code, place, reason and remedy", async () => {
    const spec = { hosts: ["misspelled"], http: [{ route, retires: { attempts: 1 } }, { rout: [] }] };
    const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], virtualService("misspelled", spec));
    expect(code).toBe(1);
    expect(stderr.slice(stderr.indexOf("denied the request: "))).toBe(`denied the request: 
VirtualService shop/misspelled: 2 problems
  PIL1001 spec.http[0].retires: there is no field "retires" here; did you mean "retries"?
          Kubernetes drops fields that it does not know, so this one would have no effect.
          Write "retries".  docs/codes/PIL1001.md
  PIL1001 spec.http[1].rout: there is no field "rout" here; did you mean "route"?
          Kubernetes drops fields that it does not know, so this one would have no effect.
          Write "route".  docs/codes/PIL1001.md
`);
  });

  test("prints warnings, and stores the object", async () => {
    const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], virtualService("warned", good("warned")));
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^Warning: PIL2101 VirtualService shop\/warned at spec\.http\[0\]\.route\[0\]\.destination\.host: .+See docs\/codes\/PIL2101\.md$/m,
    );
  });

  test("takes two objects of one file for rivals, although neither is stored yet", async () => {
    const both = `${virtualService("rival-a", good("contested"))}---\n${virtualService("rival-b", good("contested"))}`;
    const { code, stdout, stderr } = await cluster.kubectl(["apply", "-f", "-"], both);
    expect(code).toBe(1);
    expect(stdout).toBe("virtualservice.networking.istio.io/rival-a created\n");
    expect(stderr).toContain("PIL3001 spec.hosts[0]: ");
    expect(stderr).toContain("VirtualService shop/rival-a");
  });

  test("lets through what an annotation allows, but nothing that Envoy refuses", async () => {
    const empty = { hosts: ["waived"], http: [{ match: [{ uri: { prefix: "/" } }] }] };
    expect((await cluster.kubectl(["apply", "-f", "-"], virtualService("waived", empty))).stderr).toContain("PIL1204");
    const annotations = { "pillion.io/allow": "PIL1204,PIL4002" };
    await kubectl(["apply", "-f", "-"], virtualService("waived", empty, { annotations }));
    const poison = { hosts: ["poison"], http: [{ directResponse: { status: 600 } }] };
    const { stderr } = await cluster.kubectl(["apply", "-f", "-"], virtualService("poison", poison, { annotations }));
    expect(stderr).toContain("PIL4002 spec.http[0].directResponse.status: the status is 600.");
  });

  test("server-side gets the same answer, and no other field manager's objects are in the way", async () => {
    const apply = ["apply", "--server-side", "--field-manager=test", "-f", "-"];
    const { stderr } = await cluster.kubectl(apply, virtualService("ssa", { hosts: ["ssa"], http: [{ rout: [] }] }));
    expect(stderr).toContain('did you mean "route"?');
    expect(await kubectl(apply, virtualService("ssa", good("ssa")))).toContain("serverside-applied");
    expect(await kubectl(apply, virtualService("ssa", good("ssa")))).toContain("serverside-applied");
  });

  test("as a dry run gets the same answer, and is not counted as stored", async () => {
    const apply = ["apply", "--dry-run=server", "-f", "-"];
    const { stderr } = await cluster.kubectl(apply, virtualService("dry", { hosts: ["dry"], http: [{ rout: [] }] }));
    expect(stderr).toContain('did you mean "route"?');
    await kubectl(apply, virtualService("dry", good("dry")));
    await kubectl(["apply", "-f", "-"], virtualService("dry-rival", good("dry")));
  });
});

test("grades follow the mesh configuration", async () => {
  const mesh = "pillion: { findings: { PIL1204: warn } }";
  const config = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "istio", namespace: "istio-system" },
    data: { mesh },
  };
  await kubectl(["apply", "-f", "-"], stringify(config));
  const empty = { hosts: ["graded"], http: [{ match: [{ uri: { prefix: "/" } }] }] };
  await vi.waitFor(async () => {
    const dryRun = ["apply", "--dry-run=server", "-f", "-"];
    const { code, stderr } = await cluster.kubectl(dryRun, virtualService("graded", empty));
    expect(stderr).toContain("Warning: PIL1204");
    expect(code).toBe(0);
  }, patiently);
  await kubectl(["delete", "configmap", "istio", "-n", "istio-system"]);
});

test("kubectl patch and edit are judged like apply, and labels of a stored object can always change", async () => {
  await kubectl(["apply", "-f", "-"], virtualService("changed", good("changed")));
  const patch = ["patch", "virtualservice", "changed", "-n", "shop", "--type=merge", "-p"];
  const { stderr } = await cluster.kubectl([...patch, '{"spec":{"http":[{"directResponse":{"status":600}}]}}']);
  expect(stderr).toContain("PIL4002 spec.http[0].directResponse.status");
  const json = [
    "patch",
    "vs",
    "changed",
    "-n",
    "shop",
    "--type=json",
    "-p",
    '[{"op":"add","path":"/spec/http/0/tiemout","value":"1s"}]',
  ];
  expect((await cluster.kubectl(json)).stderr).toContain('did you mean "timeout"?');

  // The first time it misspells a word; then it keeps what kubectl shows, as somebody who gives up would.
  const editor = join(cluster.directory, "editor.sh");
  const shown = join(cluster.directory, "shown.yaml");
  writeFileSync(editor, `#!/bin/sh\nsed -i 's/- route:/- rout:/' "$1"\ncp "$1" ${shown}\n`, { mode: 0o755 });
  const env = { KUBECONFIG: cluster.kubeconfigFile, KUBE_EDITOR: editor };
  await run(programPath("kubectl") ?? "kubectl", ["edit", "vs", "changed", "-n", "shop"], { env });
  expect(readFileSync(shown, "utf8")).toMatch(/^# .*spec\.http\[0\]\.rout: PIL1001 .*did you mean "route"\?/m);
  await kubectl(["label", "vs", "changed", "-n", "shop", "team=a"]);
});

test("kubectl delete tells of rules that name what is gone", async () => {
  const entry = {
    apiVersion: "networking.istio.io/v1",
    kind: "ServiceEntry",
    metadata: { name: "outside", namespace: "shop" },
    spec: {
      hosts: ["outside.example.com"],
      ports: [{ number: 80, name: "http", protocol: "HTTP" }],
      resolution: "DNS",
    },
  };
  const spec = { hosts: ["inside"], http: [{ route: [{ destination: { host: "outside.example.com" } }] }] };
  const applied = async (): Promise<string> =>
    (
      await cluster.kubectl(
        ["apply", "-f", "-"],
        virtualService("inside", spec, { annotations: { at: String(Date.now()) } }),
      )
    ).stderr;
  await vi.waitFor(async () => expect(await applied()).toContain("PIL2101"), patiently);
  await kubectl(["apply", "-f", "-"], stringify(entry));
  await vi.waitFor(async () => expect(await applied()).not.toContain("PIL2101"), patiently);
  const { code, stderr } = await cluster.kubectl(["delete", "serviceentry", "outside", "-n", "shop"]);
  expect(stderr).toContain("Warning: PIL2101 VirtualService shop/inside at spec.http[0].route[0].destination.host: ");
  expect(code).toBe(0);
});

test("kubectl delete is never refused, and makes room", async () => {
  await kubectl(["apply", "-f", "-"], virtualService("first", good("taken")));
  expect((await cluster.kubectl(["apply", "-f", "-"], virtualService("second", good("taken")))).stderr).toContain(
    "PIL3001",
  );
  await kubectl(["delete", "vs", "first", "-n", "shop"]);
  await vi.waitFor(() => kubectl(["apply", "-f", "-"], virtualService("second", good("taken"))), patiently);
});

test.each(["v1alpha3", "v1beta1", "v1"])("objects are written and read in %s", async (version) => {
  const name = `served-${version}`;
  await kubectl(["apply", "-f", "-"], virtualService(name, good(name), { version }));
  for (const other of ["v1alpha3", "v1beta1", "v1"]) {
    const text = await kubectl([
      "get",
      `virtualservices.${other}.networking.istio.io`,
      name,
      "-n",
      "shop",
      "-o",
      "yaml",
    ]);
    expect(parse(text)).toMatchObject({ apiVersion: `networking.istio.io/${other}`, spec: good(name) });
  }
  const bad = virtualService(name, { hosts: [name], http: [{ rout: [] }] }, { version });
  expect((await cluster.kubectl(["apply", "-f", "-"], bad)).stderr).toContain('did you mean "route"?');
});

test.each(["se", "gw", "dr", "we", "wg", "pa", "ra", "ap", "telemetry"])(
  "kubectl knows the short name %s",
  async (name) => {
    await kubectl(["get", name, "-A"]);
  },
);

test("security that nothing enforces is denied with a code of its own", async () => {
  const policy = {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name: "deny", namespace: "shop" },
    spec: { action: "DENY", rules: [{}] },
  };
  const { stderr } = await cluster.kubectl(["apply", "-f", "-"], stringify(policy));
  expect(stderr).toContain(
    "AuthorizationPolicy shop/deny: 1 problem\n  PIL6001 spec: nothing in this version enforces",
  );
});

test("pillion analyze reads the cluster when no file is named", async () => {
  const { code, stdout, stderr } = await pillion(cluster, "analyze", "-o", "json");
  expect(stderr).toBe("");
  expect(code).toBe(0); // There are warnings only: what is wrong is not stored, or was allowed.
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({
      code: "PIL2101",
      file: "cluster",
      object: { kind: "VirtualService", namespace: "shop", name: "warned" },
    }),
  );
});
