import { expect, test } from "vitest";
import { type JsonObject, objectAt, textAt } from "../../injector/json.ts";
import { defaultSettings } from "../../injector/settings.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import { tellSkippedPods } from "./skipped-pods.ts";

const namespace = (name: string, label = "") =>
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { ${label} } }`;
const shop = namespace("shop", "istio-injection: enabled");
const pod = (name: string, { labels = "", owner = "", spec = "", in: place = "shop", uid = name } = {}) => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: ${place}
  uid: ${uid}
  labels: { ${labels} }
  ownerReferences: [${owner === "" ? "" : `{ apiVersion: apps/v1, kind: ReplicaSet, name: ${owner}, uid: r, controller: true }`}]
spec: { containers: [{ name: web }] ${spec} }`;

/** Looks at one World after the other; gives what was written. */
async function tell(
  worlds: readonly (readonly string[])[],
  fail = false,
): Promise<{ events: string[]; logged: number }> {
  const events: JsonObject[] = [];
  let logged = 0;
  const look = tellSkippedPods({
    api: {
      create: async (_path, event) => {
        if (fail) throw new Error("forbidden");
        events.push(event);
        return event;
      },
    },
    log: { warn: () => void logged++ },
    clock: { now: () => 0 },
    settings: () => defaultSettings,
    namespace: "istio-system",
    rest: async () => {},
  });
  for (const texts of worlds) {
    look(worldOf(...texts));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const texts = events.map((event) => {
    const { name, uid } = objectAt(event, "involvedObject");
    return `${textAt(event, "type")} ${String(name)}/${String(uid)} ${textAt(event, "message")}`;
  });
  return { events: texts, logged };
}

test.each([
  {
    name: "a pod in its node's network",
    given: pod("a", { spec: ", hostNetwork: true" }),
    want: /^Warning a\/a PIL5001 .+hostNetwork: true/,
  },
  { name: "a pod for Windows", given: pod("a", { spec: ", os: { name: windows }" }), want: /^Warning .+ Windows/ },
  {
    name: "a pod that opted out",
    given: pod("a", { labels: '"sidecar.istio.io/inject": "false"' }),
    want: /^Normal .+ is "false"/,
  },
  { name: "a pod that came before", given: pod("a"), want: /^Warning .+ before .+ rollout restart/ },
])("tellSkippedPods() writes an Event on $name", async ({ given, want }) => {
  const { events } = await tell([[shop, given]]);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatch(want);
});

test.each([
  { name: "a pod that nobody meant", texts: [namespace("plain"), pod("a", { in: "plain" })] },
  {
    name: "the control plane's own",
    texts: [namespace("istio-system", "istio-injection: enabled"), pod("a", { in: "istio-system" })],
  },
  { name: "a pod with a proxy", texts: [shop, pod("a").replace("name: web", "name: istio-proxy")] },
])("tellSkippedPods() says nothing of $name", async ({ texts }) => {
  expect((await tell([texts])).events).toEqual([]);
});

test("tellSkippedPods() says it once, and again when the reason is another", async () => {
  const refusing = pod("a", { labels: '"sidecar.istio.io/inject": "false"' });
  const { events } = await tell([
    [shop, pod("a")],
    [shop, pod("a"), pod("b")],
    [shop, refusing, pod("b")],
  ]);
  expect(events.map((text) => text.slice(0, 14))).toEqual(["Warning a/a PI", "Warning b/b PI", "Normal a/a PIL"]);
});

test("tellSkippedPods() speaks of three pods of an owner, not of a hundred", async () => {
  const many = Array.from({ length: 100 }, (_, index) => pod(`web-${index}`, { owner: "web" }));
  expect((await tell([[shop, ...many]])).events).toHaveLength(3);
});

test("tellSkippedPods() logs what it cannot write", async () => {
  expect(await tell([[shop, pod("a")]], true)).toEqual({ events: [], logged: 1 });
});

test("tellSkippedPods() gives each Event a name that Kubernetes takes, another one for another pod or reason", async () => {
  const names: string[] = [];
  const write = async (texts: readonly string[]): Promise<void> => {
    const look = tellSkippedPods({
      api: {
        create: async (_path, event) => {
          names.push(textAt(objectAt(event, "metadata"), "name"));
          return event;
        },
      },
      log: { warn: () => {} },
      clock: { now: () => 0 },
      settings: () => defaultSettings,
      namespace: "istio-system",
      rest: async () => {},
    });
    look(worldOf(...texts));
    await new Promise((resolve) => setImmediate(resolve));
  };
  const name = `${"a".repeat(199)}-${"b".repeat(50)}`;
  await write([shop, pod(name, { uid: "c0ffee00-1111" })]);
  await write([shop, pod(name, { uid: "beefbeef-1111" })]);
  expect(names).toEqual([`${"a".repeat(199)}.created-before.c0ffee00`, `${"a".repeat(199)}.created-before.beefbeef`]);
});
