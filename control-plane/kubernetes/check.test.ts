import { describe, expect, test } from "vitest";
import { lastWords } from "./check.ts";

const event = (name: string, at: string, message: string, reportingComponent = "pillion.io/control-plane") => ({
  involvedObject: { name },
  lastTimestamp: `2026-11-21T10:00:0${at}Z`,
  message,
  reportingComponent,
});

describe("lastWords()", () => {
  const events = [
    event("istiod-7f5c9bf8d8-9xkq2", "1", "first"),
    event("istiod-6c8d7b9f4d-x2x4z", "2", "last"),
    event("istiod-1-0-6c8d7b9f4d-x2x4z", "3", "of a revision"),
    event("istiod-7f5c9bf8d8-9xkq2", "4", "of the kubelet", "kubelet"),
    event("istiod-outside", "5", "outside of the cluster"),
  ];

  test.each([
    { deployment: "istiod", want: "last" },
    { deployment: "istiod-1-0", want: "of a revision" },
    { deployment: "istiod-outside", want: "outside of the cluster" },
    { deployment: "istiod-canary", want: "" },
  ])("gives what $deployment said last: $want", ({ deployment, want }) => {
    expect(lastWords(events, deployment)).toBe(want);
  });
});
