// Each right of the chart taken away in turn, as an administrator may do by hand: one sentence that names it, and all is well again
// when it comes back.
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { isList, type JsonObject, listAt, textAt } from "../../injector/json.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts, prepare } from "./control-plane-process.ts";
import { objectsIn, template } from "./helm.ts";

let cluster: ApiServer;
let kubeconfig: string;
let controlPlane: ControlPlane | undefined;
const patiently = { timeout: 40_000, interval: 200 };
const roleName = "istiod-clusterrole-default-istio-system";
const user = "system:serviceaccount:istio-system:istiod";

const rendered = objectsIn(await template("istiod", "pillion"));
const roles = rendered.filter((one) => ["ClusterRole", "Role"].includes(textAt(one, "kind")));
const accounts = rendered.filter((one) => /Role|ServiceAccount/.test(textAt(one, "kind")));

beforeAll(async () => {
  cluster = await startApiServer();
  await prepare(cluster);
  for (const object of accounts) await apply(object);
  const { stdout } = await cluster.kubectl(["create", "token", "istiod", "-n", "istio-system"]);
  kubeconfig = cluster.writeKubeconfig("chart", { token: stdout.trim() });
});
// One that goes on would mend what the next test breaks.
afterEach(async () => {
  await controlPlane?.end("SIGKILL");
});
afterAll(async () => {
  await cluster?.stop();
});

async function apply(object: JsonObject): Promise<void> {
  const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], JSON.stringify(object));
  if (code !== 0) throw new Error(stderr);
}

/** What the control plane makes, so that it has to make it again. */
const made = [
  ["secret", "pillion-ca", "-n", "istio-system"],
  ["configmap", "istio-ca-root-cert", "-n", "istio-system"],
  ["mutatingwebhookconfiguration,validatingwebhookconfiguration", "--all"],
];

/** A role without one verb of one of its rules. */
function ruleOf(resource: string, verb: string, name?: string) {
  const isIt = (rule: JsonObject): boolean =>
    textsIn(rule, "resources").includes(resource) &&
    textsIn(rule, "verbs").includes(verb) &&
    (name === undefined || textsIn(rule, "resourceNames").includes(name));
  for (const role of roles) {
    const rules = listAt(role, "rules");
    const others = rules.flatMap((rule): readonly JsonObject[] => {
      if (!isIt(rule)) return [rule];
      const verbs = textsIn(rule, "verbs").filter((one) => one !== verb);
      return verbs.length === 0 ? [] : [{ ...rule, verbs }];
    });
    if (rules.some(isIt)) return { role, without: { ...role, rules: others } };
  }
  throw new Error(`the chart has no rule for ${verb} ${resource}`);
}

const textsIn = (rule: JsonObject, key: string): readonly string[] => {
  const value = rule[key];
  return isList(value) ? value.map(String) : [];
};

const everywhere = `-A --as=${user}`;
const here = `-n istio-system --as=${user}`;
const webhooks = "webhookconfigurations.admissionregistration.k8s.io";

test.each([
  { resource: "pods", verb: "list", says: `auth can-i list \\S+ -(A|n \\S+) --as=${user}` },
  {
    resource: "tokenreviews",
    verb: "create",
    says: `auth can-i create tokenreviews.authentication.k8s.io ${everywhere}`,
  },
  { resource: "clusterroles", verb: "get", says: `auth can-i get clusterroles.rbac.authorization.k8s.io/${roleName} ` },
  {
    resource: "mutatingwebhookconfigurations",
    verb: "create",
    says: `auth can-i create mutating${webhooks} ${everywhere}`,
  },
  {
    resource: "mutatingwebhookconfigurations",
    verb: "patch",
    says: `auth can-i patch mutating${webhooks}/istio-sidecar-injector ${everywhere}`,
  },
  {
    resource: "validatingwebhookconfigurations",
    verb: "patch",
    says: `auth can-i patch validating${webhooks}/istio-validator-istio-system ${everywhere}`,
  },
  { resource: "configmaps", verb: "list", says: `auth can-i list configmaps/istio-ca-root-cert ${everywhere}` },
  { resource: "configmaps", verb: "create", says: `auth can-i create configmaps\\S* ${here}` },
  { resource: "configmaps", verb: "patch", says: `auth can-i patch configmaps/istio-ca-root-cert ` },
  { resource: "secrets", verb: "create", says: `auth can-i create secrets ${here}` },
  { resource: "secrets", verb: "get", name: "pillion-ca", says: `auth can-i get secrets/pillion-ca ${here}` },
  { resource: "secrets", verb: "get", name: "cacerts", says: `auth can-i get secrets/cacerts ${here}` },
])("control plane names its missing right to $verb $resource, and goes on when it comes", async (one) => {
  const { role, without } = ruleOf(one.resource, one.verb, one.name);
  for (const object of made) await cluster.kubectl(["delete", ...object, "--ignore-not-found"]);
  await cluster.kubectl(["replace", "-f", "-"], JSON.stringify(without));
  const weak = new ControlPlane(kubeconfig, await freePorts(), [`--owner-cluster-role=${roleName}`]);
  controlPlane = weak;
  const page = (): Promise<string> => weak.page("/readyz");
  await vi.waitFor(async () => expect(await page(), weak.log()).toMatch(new RegExp(one.says)), patiently);
  expect(await weak.isReady()).toBe(false);
  await apply(role);
  await vi.waitFor(async () => expect(await weak.isReady(), `${await page()}${weak.log()}`).toBe(true), patiently);
  await vi.waitFor(async () => expect(await page()).toContain("the API server reaches the webhook"), patiently);
  await weak.end("SIGKILL");
});

test("control plane serves without the right to test itself, and names it", async () => {
  const { role, without } = ruleOf("virtualservices", "create");
  await cluster.kubectl(["replace", "-f", "-"], JSON.stringify(without));
  const weak = new ControlPlane(kubeconfig, await freePorts(), [`--owner-cluster-role=${roleName}`]);
  controlPlane = weak;
  const says = /self-test: .*\(rights\).* Give the right to create virtualservices\.networking\.istio\.io/;
  await vi.waitFor(async () => expect(await weak.page("/readyz"), weak.log()).toMatch(says), patiently);
  expect(await weak.isReady()).toBe(true);
  await apply(role);
  await vi.waitFor(async () => expect(await weak.page("/readyz")).toContain("the API server reaches"), patiently);
  // One Event each, however often it was tried.
  const events = async (): Promise<readonly string[]> => {
    const path = 'jsonpath={range .items[*]}{.reason} {.count}{"\\n"}{end}';
    return (await cluster.kubectl(["get", "events", "-n", "istio-system", "-o", path])).stdout.trim().split("\n");
  };
  await vi.waitFor(async () => {
    const seen = await events();
    expect(seen.filter((text) => text.startsWith("WebhookUnreachable"))).toHaveLength(1);
    expect(seen.filter((text) => text.startsWith("WebhookReachable"))).toHaveLength(1);
  }, patiently);
});
