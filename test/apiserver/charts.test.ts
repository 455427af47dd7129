// What the charts make, seen without a cluster: goldens, refusals, and that they agree with the code.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { descriptions } from "../../api/kinds.ts";
import { meshConfigSchema, parseMeshConfig, unreadMeshFields } from "../../api/mesh-config.ts";
import { parseConfig } from "../../control-plane/config.ts";
import { readValues } from "../../control-plane/kubernetes/values-file.ts";
import { isList, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import { settingsFromValues } from "../../injector/values.ts";
import { watchedKinds } from "../../registry/kubernetes/resources.ts";
import { generatedFiles } from "../../scripts/crds.ts";
import { charts, helm, objectsIn, pathWithHelm, root, template } from "./helm.ts";
import { run } from "./programs.ts";

const profile = (name: string, release: string): string => join(charts, "profiles", name, `${release}.yaml`);
const valuesOf = (name: string): string => join(root, "test", "apiserver", "testdata", `${name}.values.yaml`);

function find(objects: readonly JsonObject[], kind: string, name: string): JsonObject {
  const found = objects.find(
    (one) => textAt(one, "kind") === kind && textAt(objectAt(one, "metadata"), "name") === name,
  );
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

/** The chart with these values, as they stand in a file. */
async function templateWith(chart: string, values: object | string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pillion-values-"));
  try {
    const file = join(folder, "values.yaml");
    writeFileSync(file, typeof values === "string" ? values : stringify(values));
    return await template("x", chart, "-f", file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("npm run generate:crds", () => {
  test("has been run", () => {
    const committed = [join(charts, "base", "files", "crds"), join(charts, "pillion", "files")]
      .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
      .map((path): [string, string] => [relative(charts, path), readFileSync(path, "utf8")]);
    expect(new Map(committed)).toEqual(generatedFiles());
  });
});

const renderings = [
  { golden: "pillion", release: "istiod", chart: "pillion", args: [] },
  { golden: "pillion-demo", release: "istiod", chart: "pillion", args: ["-f", profile("demo", "istiod")] },
  { golden: "pillion-revision", release: "canary", chart: "pillion", args: ["-f", valuesOf("canary")] },
  { golden: "gateway", release: "istio-ingressgateway", chart: "gateway", args: [] },
  {
    golden: "gateway-egress",
    release: "istio-egressgateway",
    chart: "gateway",
    args: ["-f", profile("demo", "istio-egressgateway")],
  },
  { golden: "gateway-values", release: "edge", chart: "gateway", args: ["-f", valuesOf("edge")] },
];

describe("helm template", () => {
  test.each(renderings)("gives the golden $golden, the same each time", async ({ golden, release, chart, args }) => {
    const first = await template(release, chart, ...args);
    await expect(first).toMatchFileSnapshot(`testdata/${golden}.yaml`);
    expect(await template(release, chart, ...args)).toBe(first);
  });

  test("defines every kind of Istio, to be kept at uninstall", async () => {
    const objects = objectsIn(await template("istio-base", "base"));
    const crds = objects.filter((one) => textAt(one, "kind") === "CustomResourceDefinition");
    expect(crds).toHaveLength(15);
    const policies = crds.map((crd) => objectAt(crd, "metadata", "annotations")["helm.sh/resource-policy"]);
    expect(new Set(policies)).toEqual(new Set(["keep"]));
  });

  test.each([
    { set: "base.enableCRDTemplates=false", want: 0 },
    { set: "base.excludedCRDs={sidecars.networking.istio.io}", want: 14 },
  ])("leaves definitions out by $set", async ({ set, want }) => {
    const objects = objectsIn(await template("istio-base", "base", "--set", set));
    expect(objects.filter((one) => textAt(one, "kind") === "CustomResourceDefinition")).toHaveLength(want);
  });

  test("takes under pilot what it takes at the top", async () => {
    const top = ["--set", "autoscaleMin=2,env.ENABLE_NATIVE_SIDECARS=false,resources.requests.cpu=1"];
    const under = top.map((text) => text.replace(/(^|,)(?=\w)/g, "$1pilot."));
    expect(under[1]).toContain("pilot.autoscaleMin=2,pilot.env");
    expect(await template("istiod", "pillion", "--set", under[1] ?? "")).toBe(
      await template("istiod", "pillion", ...top),
    );
  });

  test.each([
    { chart: "pillion", values: { podAnnotations: { "prometheus.io/scrape": "false" } }, want: 'scrape: "false"' },
    { chart: "pillion", values: { deploymentLabels: { "app.kubernetes.io/part-of": "mesh" } }, want: "part-of: mesh" },
    {
      chart: "gateway",
      values: { podAnnotations: { "inject.istio.io/templates": "gateway,mine" } },
      want: "templates: gateway,mine",
    },
    { chart: "gateway", values: { labels: { "app.kubernetes.io/part-of": "edge" } }, want: "part-of: edge" },
    { chart: "gateway", values: { revision: "a", labels: { "istio.io/rev": "b" } }, want: "istio.io/rev: a" },
  ])("writes no key twice for $values of $chart", async ({ chart, values, want }) => {
    const text = await templateWith(chart, values);
    expect(objectsIn(text).length).toBeGreaterThan(0);
    expect(text).toContain(want);
  });

  test.each([
    { chart: "pillion", values: { meshConfig: null, sidecarInjectorWebhook: null, revisionTags: null, env: null } },
    { chart: "pillion", values: { cpu: null, memory: { targetAverageUtilization: 70 }, podDisruptionBudget: null } },
    { chart: "gateway", values: { labels: null, env: null, podAnnotations: null, podDisruptionBudget: null } },
    { chart: "base", values: { base: { excludedCRDs: null } } },
  ])("takes a section without anything in it: $values of $chart", async ({ chart, values }) => {
    const objects = objectsIn(await templateWith(chart, values));
    expect(objects.length).toBeGreaterThan(0);
    if (chart !== "pillion") return;
    const text = textAt(objectAt(find(objects, "ConfigMap", "istio-sidecar-injector"), "data"), "values");
    expect(readValues("values.json", text)).toMatchObject({ proxyImage: "docker.io/pillion/proxyv2:0.1.0" });
  });

  test("takes a tag that is a number as it stands", async () => {
    const text = await templateWith("pillion", { tag: 20261121, global: { tag: 20261120 } });
    expect(text).toContain("docker.io/pillion/pilot:20261121");
    expect(text).toContain("docker.io/pillion/proxyv2:20261120");
  });

  test.each(["base", "pillion", "gateway"])("refuses a cluster that is too old for %s", async (chart) => {
    for (const version of ["1.29.9", "v1.29.0-eks-1234"]) {
      const { code, stderr } = await helm("template", "x", join(charts, chart), "--kube-version", version);
      expect(stderr).toMatch(/requires kubeVersion: >=1\.30\.0.*v1\.29\.[09]/);
      expect(code).toBe(1);
    }
    const { code } = await helm("template", "x", join(charts, chart), "--kube-version", "v1.30.0-gke.100");
    expect(code).toBe(0);
  });
});

describe("helm lint", () => {
  test.each(["base", "pillion", "gateway"])("has nothing to say about %s", async (chart) => {
    const { code, stdout, stderr } = await helm("lint", "--strict", join(charts, chart));
    expect(stdout + stderr).not.toMatch(/WARNING|ERROR/);
    expect(code).toBe(0);
  });
});

describe("values.schema.json", () => {
  test.each([
    { chart: "pillion", set: "autoscaleMn=2", want: "autoscaleMn" },
    { chart: "pillion", set: "autoscaleMin=two", want: "got string, want integer" },
    { chart: "pillion", set: "pilot.autoscaleMn=2", want: "autoscaleMn" },
    { chart: "pillion", set: "global.proxy.logLevel=loud", want: "'/global/proxy/logLevel'" },
    { chart: "pillion", set: "global.proxy.privileged=true", want: "value must be false" },
    { chart: "pillion", set: "global.proxi.image=x", want: "'proxi' not allowed" },
    { chart: "pillion", set: "meshConfig.outboundTrafficPolicy.mode=DENY", want: "'ALLOW_ANY', 'REGISTRY_ONLY'" },
    {
      chart: "pillion",
      set: "meshConfig.outboundTraficPolicy.mode=REGISTRY_ONLY",
      want: "'outboundTraficPolicy' not allowed",
    },
    { chart: "pillion", set: "meshConfig.connectTimeout=10", want: "'/meshConfig/connectTimeout'" },
    { chart: "pillion", set: "env.PILOT_ENABLE_STATUS=true", want: "'PILOT_ENABLE_STATUS' not allowed" },
    { chart: "pillion", set: "revision=Blue", want: "'/revision'" },
    { chart: "gateway", set: "service.type=Balancer", want: "'/service/type'" },
    { chart: "gateway", set: "servce.type=NodePort", want: "'servce' not allowed" },
    { chart: "gateway", set: "service.ports[0].port=http", want: "'/service/ports/0/port'" },
    { chart: "pillion", set: "ipFamilies={IPv5}", want: "'/ipFamilies/0'" },
    { chart: "pillion", set: "autoscaleMin=6", want: "autoscaleMin is 6, and autoscaleMax is 5: " },
    { chart: "gateway", set: "autoscaling.minReplicas=6", want: "autoscaling.minReplicas is 6, and " },
    { chart: "pillion", set: "global.istioNamespace=mesh", want: "install it with -n mesh, or leave the value away" },
    { chart: "pillion", set: "global.proxy=null", want: "missing property 'proxy'" },
    { chart: "pillion", set: "global.hub=null", want: "missing property 'hub'" },
    { chart: "pillion", set: "autoscaleMax=null", want: "missing property 'autoscaleMax'" },
    { chart: "pillion", set: "podLabels.app=mine", want: 'podLabels has "app"' },
    { chart: "gateway", set: "service=null", want: "missing property 'service'" },
    { chart: "gateway", set: "name=1st", want: 'the gateway\'s name is "1st"' },
    { chart: "base", set: "base=null", want: "missing property 'base'" },
    { chart: "base", set: "defaultRevision=canary", want: "'/defaultRevision'" },
    { chart: "base", set: "base.enableCRDTemplates=maybe", want: "got string, want boolean" },
  ])("refuses $set of $chart in a clear line", async ({ chart, set, want }) => {
    const { code, stdout, stderr } = await helm("template", "x", join(charts, chart), "--set", set);
    expect(stderr).toContain(want);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test("refuses a tag that has lost its zeros", async () => {
    await expect(templateWith("pillion", "global: { tag: 1.10 }")).rejects.toThrow("'/global/tag'");
  });

  test("refuses a release of whose name Kubernetes makes no Service", async () => {
    await expect(template("my.gateway", "gateway")).rejects.toThrow('the gateway\'s name is "my.gateway"');
    expect(objectsIn(await template("my.gateway", "gateway", "--set", "service.type=None"))).toHaveLength(4);
  });

  test("knows the fields of the mesh configuration, and the types of those that are read", () => {
    const schema = JSON.parse(readFileSync(join(charts, "pillion", "values.schema.json"), "utf8")) as JsonObject; // our own file
    const mesh = objectAt(schema, "properties", "meshConfig", "properties");
    const known = [...Object.keys(meshConfigSchema.properties ?? {}), ...unreadMeshFields];
    expect(Object.keys(mesh).toSorted()).toEqual(known.toSorted());
    const proxy = objectAt(mesh, "defaultConfig", "properties");
    const read = meshConfigSchema.properties?.["defaultConfig"]?.properties ?? {};
    expect(Object.keys(proxy).toSorted()).toEqual(Object.keys(read).toSorted());
  });
});

describe("charts/pillion", () => {
  const revision = ["-f", valuesOf("canary")];

  test.each([
    {
      args: [] as string[],
      config: "istio",
      image: "docker.io/pillion/proxyv2:0.1.0",
      discovery: "istiod.istio-system.svc:15012",
    },
    {
      args: revision,
      config: "istio-canary",
      image: "registry.test/mesh/proxyv2:1.2",
      discovery: "istiod-canary.istio-system.svc:15012",
    },
  ])("writes $config as the control plane reads it", async ({ args, config, image, discovery }) => {
    const objects = objectsIn(await template("istiod", "pillion", ...args));
    const mesh = objectAt(find(objects, "ConfigMap", config), "data")["mesh"];
    const read = parseMeshConfig(String(mesh));
    expect(read.findings).toEqual([]);
    expect(read.config.defaultConfig.discoveryAddress).toBe(discovery);
    const values = objectAt(find(objects, "ConfigMap", config.replace("istio", "istio-sidecar-injector")), "data")[
      "values"
    ];
    const { changes, problems } = settingsFromValues(JSON.parse(String(values)) as JsonObject); // the chart writes an object
    expect(problems).toEqual([]);
    expect(changes.proxyImage).toBe(image);
  });

  test("gives the mesh the domain of the cluster that proxies have", async () => {
    const set = ["--set", "global.proxy.clusterDomain=k8s.corp,meshConfig.pillion.serviceCidrs={10.0.0.0/8}"];
    const mesh = objectAt(find(objectsIn(await template("istiod", "pillion", ...set)), "ConfigMap", "istio"), "data");
    const { pillion } = parseMeshConfig(String(mesh["mesh"])).config;
    expect(pillion).toEqual({ findings: {}, serviceCidrs: ["10.0.0.0/8"], clusterDomain: "k8s.corp" });
  });

  test("starts the control plane with flags that it knows", async () => {
    const set = "meshConfig.defaultConfig.discoveryAddress=mesh.test:15012";
    const objects = objectsIn(await template("istiod", "pillion", ...revision, "--set", set));
    const pod = objectAt(find(objects, "Deployment", "istiod-canary"), "spec", "template", "spec");
    const args = listOf(listAt(pod, "containers")[0]?.["args"]);
    expect(args[0]).toBe("control-plane");
    expect(parseConfig(args.slice(1))).toMatchObject({
      source: "kubernetes",
      namespace: "istio-system",
      revision: "canary",
      ownerClusterRole: "istiod-clusterrole-canary-istio-system",
      discoveryAddress: "mesh.test:15012",
      logLevel: "debug",
    });
    find(objects, "ClusterRole", "istiod-clusterrole-canary-istio-system");
  });

  test("may watch every kind that is read, and read no Secret but its own", async () => {
    const objects = objectsIn(await template("istiod", "pillion"));
    const rules = listAt(find(objects, "ClusterRole", "istiod-clusterrole-default-istio-system"), "rules");
    const ownRules = listAt(find(objects, "Role", "istiod"), "rules");
    const may = (group: string, resource: string, verb: string): boolean =>
      [...rules, ...ownRules].some(
        (rule) => has(rule, "apiGroups", group) && has(rule, "resources", resource) && has(rule, "verbs", verb),
      );
    const unseen = watchedKinds.filter((kind) => !may(descriptions[kind].group, descriptions[kind].plural, "watch"));
    expect(unseen).toEqual([]);
    expect(rules.some((rule) => has(rule, "resources", "secrets") || has(rule, "resources", "*"))).toBe(false);
  });
});

function has(rule: JsonObject, list: string, word: string): boolean {
  return listOf(rule[list]).includes(word);
}

function listOf(texts: Json | undefined): readonly string[] {
  return isList(texts) ? texts.map(String) : [];
}

describe("pillion manifest generate", () => {
  const pillion = (path: string, ...args: readonly string[]) =>
    run(process.execPath, ["--import", "tsx", join(root, "cli", "main.ts"), "manifest", "generate", ...args], {
      env: { PATH: path },
    });

  test.each([
    { set: "profile=minimal", want: ["istiod"] },
    { set: "profile=default", want: ["istiod", "istio-ingressgateway"] },
    { set: "profile=demo", want: ["istiod", "istio-ingressgateway", "istio-egressgateway"] },
  ])("prints the Deployments of $set", async ({ set, want }) => {
    const { code, stdout, stderr } = await pillion(pathWithHelm, "--set", set, "-n", "mesh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const deployments = objectsIn(stdout).filter((one) => textAt(one, "kind") === "Deployment");
    expect(deployments.map((one) => textAt(objectAt(one, "metadata"), "name"))).toEqual(want);
    expect(new Set(deployments.map((one) => textAt(objectAt(one, "metadata"), "namespace")))).toEqual(
      new Set(["mesh"]),
    );
  });

  test("passes settings on to the chart that they are for", async () => {
    const sets =
      "profile=demo,gateways.istio-ingressgateway.service.type=NodePort,meshConfig.trustDomain=td,base.enableCRDTemplates=false";
    const { stdout } = await pillion(pathWithHelm, "--set", sets);
    const objects = objectsIn(stdout);
    expect(objectAt(find(objects, "Service", "istio-ingressgateway"), "spec")["type"]).toBe("NodePort");
    expect(objectAt(find(objects, "Service", "istio-egressgateway"), "spec")["type"]).toBe("ClusterIP");
    expect(String(objectAt(find(objects, "ConfigMap", "istio"), "data")["mesh"])).toContain("trustDomain: td");
    expect(objects.filter(isObject).some((one) => textAt(one, "kind") === "CustomResourceDefinition")).toBe(false);
  });

  test("hands on what helm has against a value", async () => {
    const { code, stdout, stderr } = await pillion(pathWithHelm, "--set", "autoscaleMn=2");
    expect(stderr).toMatch(
      /^pillion manifest: HELM: helm cannot render istiod: at '': .*'autoscaleMn' not allowed\..*\n$/,
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("says in one sentence that helm is missing", async () => {
    const { code, stderr } = await pillion("/nowhere");
    expect(stderr).toMatch(/^pillion manifest: HELM_MISSING: there is no helm in PATH.*\n$/);
    expect(code).toBe(2);
  });
});
