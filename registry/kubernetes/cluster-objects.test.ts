import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../api/normalize.ts";
import { inject } from "../../injector/inject.ts";
import { defaultSettings } from "../../injector/settings.ts";
import { ClusterObjects, type ObjectReport } from "./cluster-objects.ts";

const virtualService = (spec: object, parts: object = {}): JsonObject => ({
  metadata: { namespace: "shop", name: "vs", resourceVersion: "1", ...parts },
  spec,
});

function start() {
  const reports: ObjectReport[] = [];
  const objects = new ClusterObjects((report) => reports.push(report));
  const put = (raw: JsonObject): boolean => {
    objects.put("VirtualService", "shop/vs", raw);
    return objects.flush();
  };
  const current = () => objects.world().objects.VirtualService.get("shop/vs");
  return { objects, reports, put, current };
}

describe("ClusterObjects", () => {
  test("reads items of lists, which do not say what they are", () => {
    const { put, current } = start();
    expect(put(virtualService({ hosts: ["a"] }))).toBe(true);
    expect(current()).toMatchObject({ apiVersion: "networking.istio.io/v1", kind: "VirtualService" });
  });

  test.each([
    { name: "the resourceVersion alone", again: virtualService({ hosts: ["a"] }, { resourceVersion: "2" }) },
    { name: "status", again: { ...virtualService({ hosts: ["a"] }), status: { observedGeneration: 1 } } },
    { name: "managed fields", again: virtualService({ hosts: ["a"] }, { managedFields: [{ manager: "kubectl" }] }) },
  ])("keeps the World when something changes that the mesh does not read: $name", ({ again }) => {
    const { put, objects } = start();
    put(virtualService({ hosts: ["a"] }));
    const before = objects.world();
    expect(put(again)).toBe(false);
    expect(objects.world()).toBe(before);
  });

  test("does not keep kubectl's copy of an object", () => {
    const { put, current } = start();
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{…}", mine: "yes" };
    put(virtualService({ hosts: ["a"] }, { annotations }));
    expect(current()?.metadata.annotations).toEqual({ mine: "yes" });
  });

  test("keeps of a pod what the mesh reads: nobody's environment, arguments and volumes", () => {
    const { objects } = start();
    const application = {
      name: "app",
      image: "shop/reviews",
      args: ["--token", "hunter2"],
      env: [{ name: "PASSWORD", value: "hunter2" }],
      ports: [{ name: "http", containerPort: 9080, protocol: "TCP" }],
      readinessProbe: { httpGet: { path: "/", port: 9080 } },
      volumeMounts: [{ name: "kube-api-access", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }],
    };
    const spec = { serviceAccountName: "reviews", containers: [application], volumes: [{ name: "kube-api-access" }] };
    const written = { kind: "Pod", metadata: { namespace: "shop", name: "reviews-1" }, spec };
    const injected = inject(written, { name: "shop", labels: {} }, defaultSettings).pod;
    const status = { podIP: "10.1.0.1", conditions: [{ type: "Ready", status: "True", message: "a sentence" }] };
    objects.put("Pod", "shop/reviews-1", { ...injected, status });
    objects.flush();
    const stored = JSON.stringify(objects.world().objects.Pod.get("shop/reviews-1"));
    expect(JSON.stringify(injected).length).toBeGreaterThan(6_000);
    expect(stored.length).toBeLessThan(3_000);
    expect(stored).toContain('"containerPort":9080');
    for (const unread of ["hunter2", '"env"', '"args"', '"volumes"', "a sentence"])
      expect(stored).not.toContain(unread);
  });

  test.each([
    { name: "no time to stop", spec: { terminationGracePeriodSeconds: -1 } },
    { name: "a probe of another version", spec: { containers: [{ name: "app", readinessProbe: { grpc: {} } }] } },
  ])("takes a pod with $name, which the mesh does not read", ({ spec }) => {
    const { objects, reports } = start();
    objects.put("Pod", "shop/p", { metadata: { namespace: "shop", name: "p" }, spec });
    expect([objects.flush(), reports]).toEqual([true, []]);
  });

  test("makes one World of many changes, and none of changes that undo each other", () => {
    const { objects } = start();
    objects.put("VirtualService", "shop/vs", virtualService({ hosts: ["a"] }));
    objects.put("VirtualService", "shop/vs", virtualService({ hosts: ["b"] }));
    objects.put("VirtualService", "shop/other", virtualService({ hosts: ["c"] }, { name: "other" }));
    expect(objects.flush()).toBe(true);
    expect(objects.flush()).toBe(false);
    expect([...objects.world().objects.VirtualService.keys()]).toEqual(["shop/vs", "shop/other"]);
    objects.put("VirtualService", "shop/third", virtualService({ hosts: ["d"] }, { name: "third" }));
    objects.delete("VirtualService", "shop/third");
    expect(objects.flush()).toBe(false);
  });

  test("takes an object that went away and came back within one World", () => {
    const { objects, put, current } = start();
    put(virtualService({ hosts: ["a"] }, { uid: "1" }));
    objects.delete("VirtualService", "shop/vs");
    expect(put(virtualService({ hosts: ["a"] }, { uid: "2" }))).toBe(true);
    expect(current()?.metadata.uid).toBe("2");
  });

  test("takes the last of two changes when it restores what was there", () => {
    const { objects, put, current } = start();
    put(virtualService({ hosts: ["a"] }));
    objects.put("VirtualService", "shop/vs", virtualService({ hosts: ["b"] }));
    put(virtualService({ hosts: ["a"] }));
    expect(current()?.spec.hosts).toEqual(["a"]);
  });

  describe("of the mesh configuration", () => {
    const put = (objects: ClusterObjects, mesh: string): boolean => {
      objects.put("ConfigMap", "istio-system/istio", {
        metadata: { namespace: "istio-system", name: "istio" },
        data: { mesh },
      });
      return objects.flush();
    };
    const stored = (objects: ClusterObjects) =>
      objects.world().objects.ConfigMap.get("istio-system/istio")?.data["mesh"];
    const good = "trustDomain: corp";

    test("keeps out one that cannot be read", () => {
      const { objects, reports } = start();
      expect([put(objects, "trustDomain: [corp"), stored(objects)]).toEqual([false, undefined]);
      expect(reports).toMatchObject([{ inForce: "nothing", findings: [{ code: "PIL1012", path: "data.mesh" }] }]);
    });

    test.each([
      { name: "one that cannot be read", change: (objects: ClusterObjects) => put(objects, "trustDomain: [corp") },
      {
        name: "nothing",
        change: (objects: ClusterObjects) => {
          objects.delete("ConfigMap", "istio-system/istio");
          return objects.flush();
        },
      },
    ])("keeps the last one when $name takes its place, and says so until it is well again", ({ change }) => {
      const { objects, reports } = start();
      put(objects, good);
      expect([change(objects), stored(objects)]).toEqual([false, good]);
      expect(reports).toMatchObject([{ inForce: "before", findings: [{ code: "PIL1012" }] }]);
      put(objects, good);
      expect(reports.at(-1)?.findings).toEqual([]);
    });

    test("takes one with a misspelled name, and says which name is likely", () => {
      const { objects, reports } = start();
      expect(put(objects, "outboundTraficPolicy: { mode: REGISTRY_ONLY }")).toBe(true);
      expect(reports).toMatchObject([{ inForce: "now", findings: [{ code: "PIL1013" }] }]);
      expect(reports[0]?.findings[0]?.fix).toContain('"outboundTrafficPolicy"');
    });
  });

  test("leaves objects of other revisions out, and follows the names of ours", () => {
    let revisions = ["canary"];
    const objects = new ClusterObjects(
      () => {},
      () => revisions,
    );
    const put = (name: string, rev?: string): void => {
      const labels = rev === undefined ? {} : { "istio.io/rev": rev };
      objects.put("VirtualService", `shop/${name}`, virtualService({ hosts: ["a"] }, { name, labels }));
    };
    const names = (): readonly string[] => {
      objects.flush();
      return [...objects.world().objects.VirtualService.keys()].toSorted();
    };
    put("all");
    put("ours", "canary");
    put("tagged", "prod");
    put("theirs", "other");
    objects.put("Namespace", "/shop", { metadata: { name: "shop", labels: { "istio.io/rev": "other" } } });
    expect(names()).toEqual(["shop/all", "shop/ours"]);
    expect(objects.world().objects.Namespace.size).toBe(1);
    revisions = ["canary", "prod"];
    objects.reviseOwn();
    expect(names()).toEqual(["shop/all", "shop/ours", "shop/tagged"]);
    put("ours", "other");
    expect(names()).toEqual(["shop/all", "shop/tagged"]);
    objects.delete("VirtualService", "shop/theirs");
    revisions = ["other"];
    objects.reviseOwn();
    expect(names()).toEqual(["shop/all", "shop/ours"]);
  });

  describe("when the names of ours change", () => {
    const startRevised = () => {
      let revisions = ["canary"];
      const reports: ObjectReport[] = [];
      const objects = new ClusterObjects(
        (report) => reports.push(report),
        () => revisions,
      );
      const put = (spec: object): void => objects.put("VirtualService", "shop/vs", virtualService(spec));
      const revise = (): void => {
        revisions = ["canary", "prod"];
        objects.reviseOwn();
      };
      const hosts = (): readonly string[] | undefined => {
        objects.flush();
        return objects.world().objects.VirtualService.get("shop/vs")?.spec.hosts;
      };
      return { objects, reports, put, revise, hosts };
    };

    test("does not lose a change that came at the same moment", () => {
      const { put, revise, hosts } = startRevised();
      put({ hosts: ["a"] });
      expect(hosts()).toEqual(["a"]);
      put({ hosts: ["b"] });
      revise();
      expect(hosts()).toEqual(["b"]);
    });

    test("does not bring back what is deleted at the same moment", () => {
      const { objects, put, revise, hosts } = startRevised();
      put({ hosts: ["a"] });
      expect(hosts()).toEqual(["a"]);
      objects.delete("VirtualService", "shop/vs");
      revise();
      expect(hosts()).toBeUndefined();
    });

    test("looks also at what has come at the same moment", () => {
      let revisions = ["canary"];
      const objects = new ClusterObjects(
        () => {},
        () => revisions,
      );
      objects.put(
        "VirtualService",
        "shop/vs",
        virtualService({ hosts: ["a"] }, { labels: { "istio.io/rev": "canary" } }),
      );
      revisions = ["prod"];
      objects.reviseOwn();
      objects.flush();
      expect(objects.world().objects.VirtualService.size).toBe(0);
    });

    test("does not call well what is kept in its last good form", () => {
      const { objects, reports, put, revise, hosts } = startRevised();
      put({ hosts: ["a"] });
      expect(hosts()).toEqual(["a"]);
      put({ hosts: 7 });
      revise();
      expect(hosts()).toEqual(["a"]);
      expect(reports).toHaveLength(1);
      expect(objects.reports()).toMatchObject([{ inForce: "before" }]);
    });
  });

  test("keeps out what does not parse, and reports it once with everything that is wrong", () => {
    const { put, reports, current } = start();
    const bad = virtualService({ hots: ["a"], http: 7 });
    expect(put(bad)).toBe(false);
    expect(put({ ...bad, metadata: { namespace: "shop", name: "vs", resourceVersion: "2" } })).toBe(false);
    expect(current()).toBeUndefined();
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ object: { kind: "VirtualService", name: "vs" }, inForce: "nothing" });
    expect(reports[0]?.findings.map(({ path, severity }) => `${severity} ${path}`).toSorted()).toEqual([
      "info spec.hots",
      "info spec.http",
    ]);
  });

  test("keeps the last good form, and says when all is well again or gone", () => {
    const { objects, put, reports, current } = start();
    put(virtualService({ hosts: ["a"] }));
    put(virtualService({ hosts: 7 }));
    expect(current()?.spec.hosts).toEqual(["a"]);
    expect(reports.at(-1)?.inForce).toBe("before");
    put(virtualService({ hosts: ["b"] }));
    expect(current()?.spec.hosts).toEqual(["b"]);
    expect(reports.at(-1)?.findings).toEqual([]);
    put(virtualService({ hosts: 7 }));
    objects.delete("VirtualService", "shop/vs");
    expect(objects.flush()).toBe(true);
    expect(objects.reports()).toEqual([]);
    expect(reports).toHaveLength(4);
  });
});
