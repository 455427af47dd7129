import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApiClient, createApiClient } from "./api-client.ts";
import { type Answer, ScriptedServer } from "./testing/scripted-server.ts";
import { type WatchDeps, type WatchedResource, type WatchUpdate, watchResource } from "./watch.ts";

let server: ScriptedServer;
let client: ApiClient;
let stop: AbortController;

beforeEach(async () => {
  server = await ScriptedServer.start();
  client = await createApiClient({ kubeconfig: server.kubeconfig() });
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  client.close();
  await server.stop();
});

const pods: WatchedResource = { paths: ["/api/v1/pods"] };

/** Follow; what it told in short form, and how long it wanted to wait, which it never did. */
function follow(resource: WatchedResource = pods, options: Partial<WatchDeps> = {}) {
  const told: string[] = [];
  const states: string[] = [];
  const waits: number[] = [];
  const onUpdate = (update: WatchUpdate): void => {
    if (update.type === "state") states.push(update.state.type);
    else told.push(update.type === "synced" ? "synced" : `${update.type} ${update.key}`);
    wake();
  };
  let wake = (): void => {};
  const untilTold = async (count: number): Promise<void> => {
    while (told.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  const wait = async (ms: number): Promise<void> => void waits.push(ms);
  const done = watchResource(resource, { client, onUpdate, random: () => 0.5, wait, ...options }, stop.signal);
  return { told, states, waits, done, untilTold };
}

const pod = (name: string, version: number) => ({
  metadata: { namespace: "shop", name, resourceVersion: String(version) },
});
const event = (type: string, name: string, version: number) => ({ type, object: pod(name, version) });
const bookmark = (version: number) => ({
  type: "BOOKMARK",
  object: { metadata: { resourceVersion: String(version) } },
});
const list = (version: number, ...items: object[]): Answer => ({
  body: [{ metadata: { resourceVersion: String(version) }, items }],
});
const status = (code: number): Answer => ({ status: code, body: [{ kind: "Status", code, message: "because" }] });

const firstList = "GET /api/v1/pods?limit=500";
const watchFrom = (version: number) =>
  `GET /api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=${version}&timeoutSeconds=450`;

describe("watchResource()", () => {
  test.each<{
    name: string;
    script: readonly Answer[];
    told: readonly string[];
    asked: readonly string[];
    waits?: readonly number[];
  }>([
    {
      name: "lists, then watches from the version of the list",
      script: [list(5, pod("a", 1), pod("b", 2)), { body: [event("ADDED", "c", 6)], ends: "open" }],
      told: ["put shop/a", "put shop/b", "synced", "put shop/c"],
      asked: [firstList, watchFrom(5)],
    },
    {
      name: "reads a list page by page",
      script: [
        { body: [{ metadata: { resourceVersion: "5", continue: "to=ken" }, items: [pod("a", 1)] }] },
        list(5, pod("b", 2)),
      ],
      told: ["put shop/a", "put shop/b", "synced"],
      asked: [firstList, "GET /api/v1/pods?limit=500&continue=to%3Dken", watchFrom(5)],
    },
    {
      name: "reads a list in one piece when the next page has expired, and forgets what has gone meanwhile",
      script: [
        { body: [{ metadata: { resourceVersion: "5", continue: "t" }, items: [pod("a", 1), pod("b", 2)] }] },
        status(410),
        list(6, pod("b", 2), pod("c", 3)),
      ],
      told: ["put shop/a", "put shop/b", "put shop/c", "delete shop/a", "synced"],
      asked: [firstList, "GET /api/v1/pods?limit=500&continue=t", "GET /api/v1/pods", watchFrom(6)],
    },
    {
      name: "resumes where a watch ended, by event or bookmark",
      script: [
        list(5),
        { body: [event("ADDED", "a", 6), bookmark(8)] },
        { body: [event("MODIFIED", "a", 9), event("DELETED", "a", 10)] },
      ],
      told: ["synced", "put shop/a", "put shop/a", "delete shop/a"],
      asked: [firstList, watchFrom(5), watchFrom(8), watchFrom(10)],
    },
    {
      name: "resumes after half a line",
      script: [list(5), { body: [event("ADDED", "a", 6), '{"type":"ADDED","obj'] }, {}],
      told: ["synced", "put shop/a"],
      asked: [firstList, watchFrom(5), watchFrom(6), watchFrom(6)],
      waits: [75],
    },
    {
      name: "resumes after a cut connection",
      script: [list(5), { body: [event("ADDED", "a", 6)], ends: "cut" }],
      told: ["synced", "put shop/a"],
      asked: [firstList, watchFrom(5), watchFrom(6)],
      waits: [75],
    },
    {
      name: "resumes after garbage, and lists after the third in a row",
      script: [
        list(5, pod("a", 1)),
        { body: ["<html>\n"] },
        { body: ['"x"\n'] },
        { body: ["}\n"] },
        list(6, pod("a", 1)),
      ],
      told: ["put shop/a", "synced", "synced"],
      asked: [firstList, watchFrom(5), watchFrom(5), watchFrom(5), firstList, watchFrom(6)],
      waits: [75, 150, 300],
    },
    {
      name: "tells after a 410 what changed meanwhile and what is gone",
      script: [
        list(5, pod("same", 1), pod("changed", 2), pod("gone", 3)),
        status(410),
        list(9, pod("same", 1), pod("changed", 7), pod("new", 8)),
      ],
      told: [
        ...["put shop/same", "put shop/changed", "put shop/gone", "synced"],
        ...["put shop/changed", "put shop/new", "delete shop/gone", "synced"],
      ],
      asked: [firstList, watchFrom(5), firstList, watchFrom(9)],
    },
    {
      name: "lists after a 410 in the stream",
      script: [list(5), { body: [{ type: "ERROR", object: { code: 410 } }] }, list(9)],
      told: ["synced", "synced"],
      asked: [firstList, watchFrom(5), firstList, watchFrom(9)],
    },
    {
      name: "waits as it is told by 429 and 503",
      script: [
        { ...status(429), headers: { "retry-after": "2" } },
        list(5),
        { ...status(503), headers: { "retry-after": "1" } },
      ],
      told: ["synced"],
      asked: [firstList, firstList, watchFrom(5), watchFrom(5)],
      waits: [2_075, 1_075],
    },
    {
      name: "waits longer with every error of the server",
      script: [status(500), status(500), status(502), list(5)],
      told: ["synced"],
      asked: [firstList, firstList, firstList, firstList, watchFrom(5)],
      waits: [75, 150, 300],
    },
    {
      name: "does not take an answer for a list that is none",
      script: [{ body: ["{}"] }, { body: ["<html>"], headers: { "content-type": "text/html" } }, list(5, pod("a", 1))],
      told: ["put shop/a", "synced"],
      asked: [firstList, firstList, firstList, watchFrom(5)],
    },
    {
      name: "does not tell twice that something is gone",
      script: [list(5), { body: [event("DELETED", "never-seen", 6)], ends: "open" }],
      told: ["synced"],
      asked: [firstList, watchFrom(5)],
    },
    {
      name: "takes a resource that does not exist for an empty one, and finds it later",
      script: [{ status: 404 }, { status: 404 }, { status: 404, body: ["404 page not found\n"] }, list(5, pod("a", 1))],
      told: ["synced", "put shop/a", "synced"],
      asked: [firstList, firstList, firstList, firstList, watchFrom(5)],
      waits: [1_000, 1_000, 3_000],
    },
    {
      name: "does not take a resource for an empty one while the API server starts",
      script: [{ status: 404, body: ["404 page not found\n"] }, list(5, pod("a", 1))],
      told: ["put shop/a", "synced"],
      asked: [firstList, firstList, watchFrom(5)],
      waits: [1_000],
    },
    {
      name: "believes only the third time in a row that a resource is gone that had objects",
      script: [list(5, pod("a", 1)), { status: 404 }, { status: 404 }, { status: 404 }, list(9, pod("b", 8))],
      told: ["put shop/a", "synced", "delete shop/a", "synced", "put shop/b", "synced"],
      asked: [firstList, watchFrom(5), firstList, firstList, firstList, watchFrom(9)],
      waits: [1_000, 1_000, 3_000],
    },
  ])("$name", async ({ script, told, asked, waits }) => {
    server.script(...script);
    const watch = follow();
    await server.untilAsked(asked.length);
    await watch.untilTold(told.length);
    stop.abort();
    await watch.done;
    expect(watch.told).toEqual(told);
    expect(server.asked).toEqual(asked);
    if (waits !== undefined) expect(watch.waits).toEqual(waits);
  });

  const versions: WatchedResource = {
    paths: ["/apis/g/v1/vs", "/apis/g/v1beta1/vs"],
    fieldSelector: "metadata.name=a",
  };
  const listOf = (version: string) => `GET /apis/g/${version}/vs?fieldSelector=metadata.name%3Da&limit=500`;

  test.each([
    {
      name: "takes another version of a kind",
      second: [{ status: 404 }, list(6, pod("a", 1))],
      want: ["v1", "v1beta1"],
    },
    { name: "takes the first version of a CRD that comes just then", second: [list(6, pod("a", 1))], want: ["v1"] },
  ])("$name", async ({ second, want }) => {
    server.script({ status: 404 }, list(5, pod("a", 1)), ...second);
    const watch = follow(versions);
    await server.untilAsked(3 + want.length);
    expect(watch.told).toEqual(["put shop/a", "synced"]);
    expect(server.asked.slice(0, -1)).toEqual(["v1", "v1beta1", ...want].map(listOf));
    expect(server.asked.at(-1)).toContain(`GET /apis/g/${want.at(-1)}/vs?fieldSelector=metadata.name%3Da&watch=true`);
    expect(watch.waits).toEqual([]);
  });

  test("opens a watch anew over which nothing came for long", async () => {
    server.script(list(5), { body: [bookmark(7)], ends: "open" });
    const watch = follow(pods, { silenceMs: 200 });
    await server.untilAsked(3);
    expect(server.asked).toEqual([firstList, watchFrom(5), watchFrom(7)]);
    expect(watch.waits).toEqual([]);
  });

  test("tells what it may not do, and goes on when it may", async () => {
    server.script(list(5), status(403), { body: [event("ADDED", "a", 6)], ends: "open" });
    const failures: WatchUpdate[] = [];
    const watch = follow(pods, { onUpdate: (update) => void failures.push(update) });
    await server.untilAsked(3);
    while (!failures.some(({ type }) => type === "put")) await new Promise(setImmediate);
    stop.abort();
    await watch.done;
    expect(failures).toContainEqual({
      type: "state",
      state: { type: "failing", verb: "watch", failure: { type: "refused", problem: "403 because" }, failures: 1 },
    });
  });
});
