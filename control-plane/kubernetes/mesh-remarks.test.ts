import { describe, expect, test } from "vitest";
import { ClusterObjects } from "../../registry/kubernetes/cluster-objects.ts";
import { meshNote, meshProblem, unreadableMesh } from "./mesh-remarks.ts";

const object = { namespace: "istio-system", name: "istio" };

/** What is known after these texts were the mesh configuration, one after the other. */
function after(...texts: readonly string[]) {
  const objects = new ClusterObjects(() => {});
  for (const mesh of texts) {
    objects.put("ConfigMap", "istio-system/istio", { metadata: object, data: { mesh } });
    objects.flush();
  }
  return { world: objects.world(), reports: objects.reports(), object };
}

describe("meshProblem()", () => {
  test.each([
    { texts: ["trustDomain: corp"], want: /^$/ },
    { texts: ["trustDomain: [corp"], want: /^PIL1012 .*cannot be read/ },
    { texts: ["trustDomain: corp", "trustDomain: [corp"], want: /^PIL1012 .*cannot be read/ },
    { texts: ["trustDomain: corp\ntrustDomian: x"], want: /^PIL1013 .*Write "trustDomain"/ },
    {
      texts: ["trustDomain: corp\npillion: { findings: { PIL4001: off } }"],
      want: /^PIL1016 .*"PIL4001" is graded, and it is about what Envoy would refuse/,
    },
    {
      texts: ["trustDomain: corp\ndefaultConfig: { concurrency: 5000 }"],
      want: /^ConfigMap istio-system\/istio at data\.mesh: defaultConfig\.concurrency is 5000/,
    },
    { texts: ["trustDomain: new"], want: /^ConfigMap .* it is "new" now, and identities keep "corp" until/ },
  ])("says $want of $texts", ({ texts, want }) => {
    expect(meshProblem({ ...after(...texts), trustDomain: "corp" }) ?? "").toMatch(want);
  });
});

describe("unreadableMesh()", () => {
  test.each([
    { name: "keeps a start that can't read it", texts: ["trustDomain: [corp"], waits: true },
    { name: "keeps nobody who has read one before", texts: ["trustDomain: corp", "trustDomain: [corp"], waits: false },
    { name: "keeps nobody where there is none", texts: [], waits: false },
    { name: "keeps nobody because of a misspelled name", texts: ["trustDomian: x"], waits: false },
  ])("$name", ({ texts, waits }) => {
    expect(unreadableMesh(after(...texts)) !== undefined).toBe(waits);
  });
});

test("meshNote() says that there is no mesh configuration", () => {
  expect(meshNote(after())).toContain("no ConfigMap istio-system/istio");
  expect(meshNote(after("trustDomain: corp"))).toBeUndefined();
});
