// `pillion check-inject` against a real API server: what it reads there is what the API server goes by itself.
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkInject } from "../../cli/verbs/check-inject.ts";
import { injectorConfiguration } from "../../control-plane/kubernetes/webhook-configurations.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";

let cluster: ApiServer;

const configuration = (revision: string, tags: readonly string[]): string =>
  JSON.stringify(
    injectorConfiguration({
      ...{ namespace: "istio-system", revision, tags, enableNamespacesByDefault: false },
      ...{ target: { type: "service", name: "istiod" }, rootsPem: "", owner: undefined },
    }),
  );
const namespace = (name: string, labels = ""): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { ${labels} } }\n`;
const deployment = (name: string, labels = "", spec = ""): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} ${labels} } }
    spec: { containers: [{ name: web, image: web }] ${spec} }
`;
const values = JSON.stringify({ sidecarInjectorWebhook: { neverInjectSelector: [{ matchLabels: { app: "never" } }] } });
const settings = `apiVersion: v1
kind: ConfigMap
metadata: { name: istio-sidecar-injector, namespace: istio-system }
data: { values: '${values}' }
`;

beforeAll(async () => {
  cluster = await startApiServer();
  const texts = [
    ...[namespace("istio-system"), namespace("shop", "istio-injection: enabled"), settings],
    ...[deployment("web"), deployment("never"), deployment("node", "", ", hostNetwork: true")],
    deployment("refuses", ', "sidecar.istio.io/inject": "false"'),
    ...[configuration("default", []), configuration("canary", ["stable"])],
  ];
  const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], texts.join("\n---\n"));
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => cluster?.stop());

async function ask(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  const out = new PassThrough();
  const io = { out, err: out, signal: new AbortController().signal };
  const code = await checkInject.run([...args, "-n", "shop", "--kubeconfig", cluster.kubeconfigFile], io);
  return { code, out: String(out.read() ?? "") };
}

test.each([
  { name: "web", code: 0, says: /istio-sidecar-injector +default +✔ +Namespace label istio-injection=enabled matches/ },
  { name: "never", code: 1, says: /✘ +NeverInjectSelector "app=never" matches it/ },
  { name: "node", code: 1, says: /✘ +It uses the network of its node \(hostNetwork: true\)/ },
  { name: "refuses", code: 1, says: /✘ +Pod has the label sidecar\.istio\.io\/inject=false/ },
])("check-inject says of deployment/$name what will become of its pods", async ({ name, code, says }) => {
  const answer = await ask(`deployment/${name}`);
  expect(answer.out).toMatch(/^WEBHOOK +REVISION +INJECTED +REASON\n/);
  expect(answer.out).toMatch(says);
  expect(answer.out).toMatch(/istio-sidecar-injector-canary +canary +✘/);
  expect(answer.code).toBe(code);
});

test("check-inject says which object is not there", async () => {
  await expect(ask("deploy/nothing")).rejects.toThrow(/there is no deployments\/nothing in namespace "shop"/);
  await expect(ask("gateway/x")).rejects.toThrow(/names no pod and no workload/);
});
