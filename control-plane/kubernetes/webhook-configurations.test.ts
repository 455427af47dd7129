import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { selects } from "../../injector/label-selector.ts";
import { ignoredNamespaces, selectedRevision } from "../../model/injection-labels.ts";
import {
  injectorConfiguration,
  validatorConfiguration,
  type WebhookEntry,
  type WebhookFacts,
} from "./webhook-configurations.ts";

const facts: WebhookFacts = {
  namespace: "istio-system",
  revision: "default",
  tags: [],
  enableNamespacesByDefault: false,
  target: { type: "service", name: "istiod" },
  rootsPem: "ROOTS",
  owner: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "istiod-clusterrole", uid: "1" },
};

const defined = (labels: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

/** All combinations of the labels that matter. */
function* labellings() {
  for (const name of ["shop", ...ignoredNamespaces])
    for (const injection of [undefined, "enabled", "disabled"])
      for (const namespaceRevision of [undefined, "default", "canary"])
        for (const inject of [undefined, "true", "false"])
          for (const podRevision of [undefined, "default", "canary"])
            yield {
              name,
              namespace: defined({ "istio-injection": injection, "istio.io/rev": namespaceRevision }),
              pod: defined({ "sidecar.istio.io/inject": inject, "istio.io/rev": podRevision }),
            };
}

const matching = (entries: readonly WebhookEntry[], name: string, namespace: object, pod: object) =>
  entries.filter(
    ({ namespaceSelector, objectSelector }) =>
      selects(namespaceSelector ?? {}, { ...namespace, "kubernetes.io/metadata.name": name }) &&
      selects(objectSelector, { ...pod }),
  );

describe("injectorConfiguration()", () => {
  test.each<{ revision: string; enableNamespacesByDefault: boolean; tags?: readonly string[] }>([
    { revision: "default", enableNamespacesByDefault: false },
    { revision: "default", enableNamespacesByDefault: true },
    { revision: "canary", enableNamespacesByDefault: false },
    { revision: "blue", enableNamespacesByDefault: false, tags: ["canary"] },
    { revision: "blue", enableNamespacesByDefault: true, tags: ["default", "canary"] },
  ])(
    "asks about the pods that the injector would choose, each once: $revision $tags, $enableNamespacesByDefault",
    (given) => {
      const { webhooks } = injectorConfiguration({ ...facts, ...given });
      for (const { name, namespace, pod } of labellings()) {
        const chosen = selectedRevision(pod, { name, labels: namespace }, given.enableNamespacesByDefault);
        const names = [given.revision, ...(given.tags ?? [])];
        const wanted = chosen !== undefined && names.includes(chosen) && !ignoredNamespaces.includes(name);
        const found = matching(webhooks, name, namespace, pod).map((entry) => entry.name);
        expect(found.length, JSON.stringify({ name, namespace, pod, found })).toBe(wanted ? 1 : 0);
      }
    },
  );

  test("says all that has a default, so that the API server's default never counts", async () => {
    await expect(stringify(injectorConfiguration(facts), { aliasDuplicateObjects: false })).toMatchFileSnapshot(
      "testdata/injector.out.yaml",
    );
  });

  test("is named after its revision", () => {
    const canary = injectorConfiguration({ ...facts, revision: "canary" });
    expect(canary.metadata.name).toBe("istio-sidecar-injector-canary");
    expect(canary.webhooks.map(({ name }) => name)).toEqual([
      "rev.namespace.sidecar-injector.istio.io",
      "rev.object.sidecar-injector.istio.io",
    ]);
  });

  test("names a URL where no Service leads to us", () => {
    const { webhooks } = injectorConfiguration({ ...facts, target: { type: "url", url: "https://127.0.0.1:1" } });
    expect(webhooks[0]?.clientConfig).toEqual({ caBundle: "Uk9PVFM=", url: "https://127.0.0.1:1/inject" });
  });
});

describe("validatorConfiguration()", () => {
  test("covers every kind of Istio's, with deletions apart", async () => {
    await expect(stringify(validatorConfiguration(facts), { aliasDuplicateObjects: false })).toMatchFileSnapshot(
      "testdata/validator.out.yaml",
    );
  });

  test("leaves objects without revision to the default revision", () => {
    const names = (revision: string) => validatorConfiguration({ ...facts, revision }).webhooks.map(({ name }) => name);
    expect(names("default")).toHaveLength(4);
    expect(names("canary")).toEqual(["rev.validation.istio.io", "rev.delete.validation.istio.io"]);
    const tagged = validatorConfiguration({ ...facts, revision: "canary", tags: ["default", "prod"] });
    expect(tagged.webhooks).toHaveLength(4);
    const asks = (labels: Record<string, string>) =>
      tagged.webhooks.filter(({ objectSelector }) => selects(objectSelector, labels)).length;
    expect([{}, { "istio.io/rev": "prod" }, { "istio.io/rev": "blue" }].map(asks)).toEqual([2, 2, 0]);
    expect(validatorConfiguration({ ...facts, revision: "canary" }).metadata.name).toBe(
      "istio-validator-canary-istio-system",
    );
  });
});
