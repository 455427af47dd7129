import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Outcome } from "./outcome.ts";
import { beginning, type Progress, step } from "./step.ts";

const at = (parts: Partial<Progress>): Progress => ({ ...beginning, version: "7", ...parts });
const broken: Outcome = { type: "broken", problem: "cut" };
const garbled: Outcome = { type: "garbled", problem: "?" };

describe("step()", () => {
  test.each<{ name: string; before: Progress; outcome: Outcome; after: Progress; waitMs: number }>([
    {
      name: "watches from the version of a list, and forgets what went wrong",
      before: at({ version: undefined, failures: 3, garbled: 2, absences: 1 }),
      outcome: { type: "listed", version: "9" },
      after: at({ version: "9" }),
      waitMs: 0,
    },
    {
      name: "opens a watch that ended at once again",
      before: at({ failures: 2 }),
      outcome: { type: "ended", heard: true },
      after: at({}),
      waitMs: 0,
    },
    {
      name: "waits when a watch ended before anything came",
      before: at({}),
      outcome: { type: "ended", heard: false },
      after: at({ failures: 1 }),
      waitMs: 75,
    },
    {
      name: "lists at once when the version expired",
      before: at({}),
      outcome: { type: "expired" },
      after: at({ version: undefined, failures: 1 }),
      waitMs: 0,
    },
    {
      name: "waits when versions expire again and again",
      before: at({ failures: 1 }),
      outcome: { type: "expired" },
      after: at({ version: undefined, failures: 2 }),
      waitMs: 150,
    },
    {
      name: "resumes after a cut connection",
      before: at({ failures: 1 }),
      outcome: broken,
      after: at({ failures: 2 }),
      waitMs: 150,
    },
    {
      name: "resumes after garbage",
      before: at({ garbled: 1 }),
      outcome: garbled,
      after: at({ failures: 1, garbled: 2 }),
      waitMs: 75,
    },
    {
      name: "lists after the third garbage in a row",
      before: at({ garbled: 2, failures: 2 }),
      outcome: garbled,
      after: at({ version: undefined, failures: 3, garbled: 0 }),
      waitMs: 300,
    },
    {
      name: "lists again soon when it hears for the first time that there is no such resource",
      before: at({}),
      outcome: { type: "absent" },
      after: at({ version: undefined, failures: 1, absences: 1 }),
      waitMs: 1_000,
    },
    {
      name: "lists again after a while when there is no such resource for sure",
      before: at({ absences: 2 }),
      outcome: { type: "absent" },
      after: at({ version: undefined, failures: 1, absences: 3 }),
      waitMs: 3_000,
    },
    {
      name: "keeps its place when it is refused",
      before: at({}),
      outcome: { type: "refused", problem: "403" },
      after: at({ failures: 1 }),
      waitMs: 3_000,
    },
    {
      name: "waits as long as it is asked to",
      before: at({}),
      outcome: { type: "busy", problem: "429", retryAfterMs: 2_000 },
      after: at({ failures: 1 }),
      waitMs: 2_075,
    },
    {
      name: "does not wait for an hour because somebody asks it to",
      before: at({}),
      outcome: { type: "busy", problem: "429", retryAfterMs: 3_600_000 },
      after: at({ failures: 1 }),
      waitMs: 60_075,
    },
  ])("$name", ({ before, outcome, after, waitMs }) => {
    expect(step(before, outcome, 0.5)).toEqual({ after, waitMs });
  });

  test("never waits longer than ten seconds for a server that is away, and never asks without a pause", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const { waitMs } = step(at({ failures }), broken, random);
        expect(waitMs).toBeGreaterThanOrEqual(50);
        expect(waitMs).toBeLessThanOrEqual(10_000);
      }),
    );
  });
});
