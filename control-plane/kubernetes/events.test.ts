import { expect, test } from "vitest";
import { isObject, type JsonObject, objectAt, textAt } from "../../injector/json.ts";
import { eventsAbout, isSameProblem } from "./events.ts";

const topic = { bad: "Unreachable", good: "Reachable", goodMessage: "well again" };
const about = { kind: "Pod", namespace: "istio-system", name: "istiod-1", uid: "u-1" } as const;

/** Hears what is written; time is what the test says. */
async function tellAll(steps: readonly (readonly [atMs: number, problem: string | undefined])[]) {
  const written: { path: string; event: JsonObject }[] = [];
  let nowMs = 0;
  const events = eventsAbout({
    api: {
      apply: async (path, event) => {
        written.push({ path, event });
        return event;
      },
    },
    log: { warn: () => {} },
    clock: { now: () => nowMs },
    about,
  });
  const tell = events(topic);
  for (const [atMs, problem] of steps) {
    nowMs = atMs;
    tell(problem);
  }
  await new Promise((resolve) => setImmediate(resolve));
  return written;
}

test.each([
  { name: "all is well from the start", steps: [[0, undefined]], want: [] },
  { name: "trouble, once", steps: [[0, "port 1 closed"]], want: ["Unreachable 1"] },
  {
    name: "trouble that lasts, once",
    steps: [
      [0, "port 1 closed"],
      [1_000, "port 2 closed"],
      [299_000, "port 3 closed"],
    ],
    want: ["Unreachable 1"],
  },
  {
    name: "trouble that lasts for long, again",
    steps: [
      [0, "closed"],
      [300_000, "closed"],
    ],
    want: ["Unreachable 1", "Unreachable 2"],
  },
  {
    name: "another trouble at once",
    steps: [
      [0, "closed"],
      [1, "no such host"],
    ],
    want: ["Unreachable 1", "Unreachable 2"],
  },
  {
    name: "that it is well again, once",
    steps: [
      [0, "closed"],
      [1, undefined],
      [2, undefined],
      [3, "closed"],
    ],
    want: ["Unreachable 1", "Reachable 1", "Unreachable 2"],
  },
] as const)("eventsAbout() tells of $name", async ({ steps, want }) => {
  const written = await tellAll(steps);
  expect(written.map(({ event }) => `${textAt(event, "reason")} ${String(event["count"])}`)).toEqual(want);
});

test("eventsAbout() keeps one object a reason, about the pod", async () => {
  const written = await tellAll([
    [0, "a"],
    [61_000, "b"],
  ]);
  const folder = "/api/v1/namespaces/istio-system/events";
  expect(written.map(({ path }) => path)).toEqual(Array(2).fill(`${folder}/istiod-1.unreachable`));
  const event = written[1]?.event;
  expect(event).toMatchObject({
    type: "Warning",
    message: "b",
    firstTimestamp: "1970-01-01T00:00:00Z",
    lastTimestamp: "1970-01-01T00:01:01Z",
  });
  expect(isObject(event) && objectAt(event, "involvedObject")).toEqual({ apiVersion: "v1", ...about });
});

test.each([
  { one: "port 1", other: "port 22", want: true },
  { one: "port 1", other: "host 1", want: false },
  { one: undefined, other: "a", want: false },
])("isSameProblem() of $one and $other is $want", ({ one, other, want }) => {
  expect(isSameProblem(one, other)).toBe(want);
});
