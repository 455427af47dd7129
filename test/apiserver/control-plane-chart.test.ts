// The control plane with the rights that the chart gives it, and nothing more.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { isList, type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import { type ApiServer, type AuditedRequest, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts } from "./control-plane-process.ts";
import { charts, helmPath, objectsIn, template } from "./helm.ts";

let cluster: ApiServer;
let controlPlane: ControlPlane | undefined;

beforeAll(async () => {
  cluster = await startApiServer({ audits: true });
});
afterAll(async () => {
  await controlPlane?.end("SIGKILL");
  await cluster?.stop();
});

/** What a program says; fails with its words. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await (program === "kubectl" ? cluster.kubectl(args) : cluster.run(program, args));
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

test("control plane needs no right but those of the chart, and what it makes is owned by the chart's ClusterRole", async () => {
  const namespace = ["-n", "istio-system"];
  // A pod that an Event tells of, because it was there before its namespace was labelled.
  await run("kubectl", "create", "namespace", "shop");
  await run("kubectl", "run", "early", "--image=web", "-n", "shop");
  await run("kubectl", "label", "namespace", "shop", "istio-injection=enabled");
  await run(helmPath, "install", "istio-base", join(charts, "base"), ...namespace, "--create-namespace");
  await run(helmPath, "install", "istiod", join(charts, "pillion"), ...namespace);
  const token = (await run("kubectl", "create", "token", "istiod", ...namespace)).trim();
  const role = "istiod-clusterrole-default-istio-system";
  const kubeconfig = cluster.writeKubeconfig("chart", { token });
  controlPlane = new ControlPlane(kubeconfig, await freePorts(), [`--owner-cluster-role=${role}`]);
  const seen = async (): Promise<string> => `${await controlPlane?.page("/readyz")}${controlPlane?.log()}`;
  await vi.waitFor(async () => expect(await seen()).toContain("self-test: the API server reaches"), {
    timeout: 60_000,
  });
  expect(await controlPlane.isReady(), await seen()).toBe(true);
  expect(await seen()).not.toMatch(/forbidden|auth can-i/i);
  const made = ["secret/pillion-ca", "configmap/istio-ca-root-cert"].map((name) => [name, ...namespace]);
  const global = [
    "mutatingwebhookconfiguration/istio-sidecar-injector",
    "validatingwebhookconfiguration/istio-validator-istio-system",
  ];
  for (const object of [...made, ...global.map((name) => [name])]) {
    const path = "jsonpath={.metadata.ownerReferences[*].name}";
    expect(await run("kubectl", "get", ...object, "-o", path)).toBe(role);
  }
});

test("the chart gives no right that the control plane never uses", async () => {
  const namespace = ["-n", "istio-system"];
  const secret = async (): Promise<string> => run("kubectl", "get", "secret", "pillion-ca", ...namespace, "-o", "yaml");
  const before = await secret();
  await run("kubectl", "patch", "secret", "pillion-ca", ...namespace, "--type=merge", "-p", '{"data":null}');
  await vi.waitFor(async () => expect(await secret()).toMatch(/ca\.key/), { timeout: 60_000 });
  expect(await secret()).not.toBe(before);
  await vi.waitFor(
    async () => expect(await run("kubectl", "get", "events", "-n", "shop")).toContain("ProxyNotInjected"),
    {
      timeout: 60_000,
    },
  );
  // An Event about the control plane itself, which is counted and so applied.
  await run("kubectl", "create", "secret", "generic", "cacerts", ...namespace);
  const events = async (): Promise<string> => run("kubectl", "get", "events", ...namespace);
  await vi.waitFor(async () => expect(await events()).toContain("CaUnusable"), { timeout: 60_000 });
  const user = "system:serviceaccount:istio-system:istiod";
  const asked = cluster.audit().filter((one) => one.user === user && one.status < 400);
  const roles = objectsIn(await template("istiod", "pillion")).filter((one) => /Role$/.test(textAt(one, "kind")));
  expect(roles.map((role) => textAt(role, "kind"))).toEqual(["ClusterRole", "Role"]);
  const unused = roles.flatMap((role) => {
    const place = textAt(objectAt(role, "metadata"), "namespace");
    return listAt(role, "rules")
      .flatMap(rightsIn)
      .filter((right) => !asked.some((one) => uses(one, right, place)));
  });
  expect(unused).toEqual([]);
});

interface RuleRight {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** undefined: of any name. */
  readonly name: string | undefined;
}

/** What one rule allows, each right apart. */
function rightsIn(rule: JsonObject): readonly RuleRight[] {
  const texts = (key: string): readonly string[] => (isList(rule[key]) ? rule[key].map(String) : []);
  const names = texts("resourceNames").length === 0 ? [undefined] : texts("resourceNames");
  return texts("apiGroups").flatMap((group) =>
    texts("resources").flatMap((resource) =>
      texts("verbs").flatMap((verb) => names.map((name) => ({ group, resource, verb, name }))),
    ),
  );
}

/** Whether a request needed that right. To apply what is not there needs the right to create, too. */
function uses(asked: AuditedRequest, right: RuleRight, place: string): boolean {
  const verbs = asked.verb === "patch" && asked.status === 201 ? ["patch", "create"] : [asked.verb];
  return (
    asked.group === right.group &&
    asked.resource === right.resource &&
    verbs.includes(right.verb) &&
    (right.name === undefined || right.name === asked.name) &&
    (place === "" || place === asked.namespace)
  );
}
