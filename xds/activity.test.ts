import { expect, test } from "vitest";
import { typeUrls } from "../envoy/resource.ts";
import { type Activity, noteHeard, noteSent, quietMs, syncOf } from "./activity.ts";
import { newProxyState, ofType, type ProxyState } from "./proxy-state.ts";

const type = typeUrls.cluster;

type Step = (at: { readonly activity: Activity; readonly state: ProxyState; readonly nowMs: number }) => void;

const send =
  (nonce: string): Step =>
  ({ activity, state, nowMs }) => {
    state.inFlight.set(nonce, { type, items: [] });
    noteSent(activity, type, nowMs);
  };
const answer =
  (nonce: string): Step =>
  ({ activity, state, nowMs }) => {
    state.inFlight.delete(nonce);
    noteHeard(activity, state, type, nowMs);
  };
const speak: Step = ({ activity, state, nowMs }) => noteHeard(activity, state, type, nowMs);
const bring: Step = ({ activity, state, nowMs }) => {
  ofType(state, type).entries.set("web", { held: { version: "1", resource: undefined } });
  noteHeard(activity, state, type, nowMs);
};

/** One step a second; what is asked, is asked after one more. */
function after(steps: readonly Step[]): { readonly activity: Activity; readonly nowMs: number } {
  const activity: Activity = new Map();
  const state = newProxyState({ virtualHosts: [], clusters: [] }, 0);
  for (const [index, step] of steps.entries()) step({ activity, state, nowMs: index * 1_000 });
  return { activity, nowMs: steps.length * 1_000 };
}

test.each([
  { name: "nothing was said", steps: [], want: { state: "NOT SENT", ageMs: undefined } },
  { name: "the proxy asked and holds nothing", steps: [speak], want: { state: "NOT SENT", ageMs: undefined } },
  { name: "the proxy brings what an earlier stream sent", steps: [bring], want: { state: "SYNCED", ageMs: 1_000 } },
  { name: "a message is under way", steps: [speak, send("1"), speak], want: { state: "STALE", ageMs: 2_000 } },
  { name: "it was answered", steps: [send("1"), answer("1"), speak], want: { state: "SYNCED", ageMs: 2_000 } },
  {
    name: "the first of two is answered: since the first was sent",
    steps: [send("1"), send("2"), answer("1")],
    want: { state: "STALE", ageMs: 3_000 },
  },
  {
    name: "another follows after an answer",
    steps: [send("1"), answer("1"), send("2")],
    want: { state: "STALE", ageMs: 1_000 },
  },
])("syncOf() says where a type stands when $name", ({ steps, want }) => {
  const { activity, nowMs } = after(steps);
  expect(syncOf(activity, type, false, nowMs)).toEqual(want);
});

test("syncOf() says ERROR for what is refused, since it was refused, also while something else is under way", () => {
  const { activity, nowMs } = after([send("1"), answer("1"), send("2")]);
  expect(syncOf(activity, type, true, nowMs)).toEqual({ state: "ERROR", ageMs: 2_000 });
});

test("quietMs() counts from what was sent last, of any type", () => {
  const { activity } = after([send("1"), send("2"), answer("1")]);
  noteSent(activity, typeUrls.listener, 2_500);
  expect(quietMs(activity, 4_000)).toBe(1_500);
  expect(quietMs(new Map(), 4_000)).toBeUndefined();
});
