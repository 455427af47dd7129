import { describe, expect, test } from "vitest";
import { failureOf, readEvent, readPage } from "./outcome.ts";

const status = (code: number, parts: object = {}) => ({ kind: "Status", code, message: "because", ...parts });
const pod = { metadata: { name: "a", namespace: "shop", resourceVersion: "5" } };

describe("failureOf()", () => {
  test.each([
    { name: "410", answer: { status: 410, body: status(410) }, want: { type: "expired" } },
    {
      name: "a version from the future",
      answer: { status: 504, body: status(504, { details: { causes: [{ reason: "ResourceVersionTooLarge" }] } }) },
      want: { type: "expired" },
    },
    { name: "404", answer: { status: 404, body: "404 page not found\n" }, want: { type: "absent" } },
    { name: "403", answer: { status: 403, body: status(403) }, want: { type: "refused", problem: "403 because" } },
    { name: "401", answer: { status: 401, body: status(401) }, want: { type: "refused", problem: "401 because" } },
    {
      name: "429 with a header",
      answer: { status: 429, retryAfter: "3", body: "" },
      want: { type: "busy", problem: "429", retryAfterMs: 3_000 },
    },
    {
      name: "503 with details",
      answer: { status: 503, body: status(503, { details: { retryAfterSeconds: 2 } }) },
      want: { type: "busy", problem: "503 because", retryAfterMs: 2_000 },
    },
    {
      name: "429 with a header that makes no sense",
      answer: { status: 429, retryAfter: "soon" },
      want: { type: "busy", problem: "429" },
    },
    { name: "500", answer: { status: 500, body: status(500) }, want: { type: "broken", problem: "500 because" } },
    {
      name: "502 of a proxy",
      answer: { status: 502, body: "<html>" },
      want: { type: "broken", problem: "502 <html>" },
    },
  ])("reads $name", ({ answer, want }) => {
    expect(failureOf(answer)).toEqual(want);
  });
});

describe("readEvent()", () => {
  test.each([
    { name: "an addition", line: { type: "ADDED", object: pod }, want: { type: "put", object: pod, version: "5" } },
    { name: "a change", line: { type: "MODIFIED", object: pod }, want: { type: "put", object: pod, version: "5" } },
    { name: "a deletion", line: { type: "DELETED", object: pod }, want: { type: "delete", object: pod, version: "5" } },
    {
      name: "a bookmark",
      line: { type: "BOOKMARK", object: { metadata: { resourceVersion: "8" } } },
      want: { type: "bookmark", version: "8" },
    },
    {
      name: "an error",
      line: { type: "ERROR", object: status(410) },
      want: { type: "failed", failure: { type: "expired" } },
    },
  ])("reads $name", ({ line, want }) => {
    expect(readEvent(line)).toEqual(want);
  });

  test.each([
    { name: "a number", line: 7 },
    { name: "null", line: null },
    { name: "another type", line: { type: "RENAMED", object: pod } },
    { name: "an object without a version", line: { type: "ADDED", object: { metadata: { name: "a" } } } },
    { name: "an object without a name", line: { type: "ADDED", object: { metadata: { resourceVersion: "5" } } } },
    { name: "no object", line: { type: "DELETED" } },
  ])("makes nothing of $name", ({ line }) => {
    expect(readEvent(line)).toMatchObject({ type: "failed", failure: { type: "garbled" } });
  });
});

describe("readPage()", () => {
  test.each([
    {
      name: "the last page",
      body: { metadata: { resourceVersion: "9" }, items: [pod] },
      want: { items: [pod], version: "9", next: "" },
    },
    {
      name: "a page before others",
      body: { metadata: { resourceVersion: "9", continue: "x" }, items: [] },
      want: { items: [], version: "9", next: "x" },
    },
    {
      name: "no items",
      body: { metadata: { resourceVersion: "9" }, items: null },
      want: { items: [], version: "9", next: "" },
    },
    { name: "a list without a version", body: { metadata: {}, items: [] }, want: undefined },
    { name: "an item without a name", body: { metadata: { resourceVersion: "9" }, items: [{}] }, want: undefined },
    { name: "text", body: "hello", want: undefined },
  ])("reads $name", ({ body, want }) => {
    expect(readPage(body)).toEqual(want);
  });
});
