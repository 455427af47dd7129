import { expect, test } from "vitest";
import { parseAnswers } from "./answer.ts";

const end = (status: number, seconds: string) => `␞${`${status}`.padStart(3, "0")} ${seconds}␞`;

test.each([
  {
    name: "an answer with headers and body",
    output: `HTTP/1.1 200 OK\r\nServer: envoy\r\nX-A: 1\r\n\r\n{"a":1}${end(200, "0.012")}`,
    want: [{ status: 200, headers: { server: "envoy", "x-a": "1" }, body: '{"a":1}', ms: 12 }],
  },
  {
    name: "an interim answer before the one that counts",
    output: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nx: y\r\n\r\n${end(204, "1.5")}`,
    want: [{ status: 204, headers: { x: "y" }, body: "", ms: 1500 }],
  },
  { name: "no answer at all", output: end(0, "0.001"), want: [{ status: 0, headers: {}, body: "", ms: 1 }] },
  {
    name: "several answers",
    output: `HTTP/1.1 200 OK\r\n\r\none${end(200, "0.001")}HTTP/1.1 503 No\r\n\r\ntwo${end(503, "0.002")}`,
    want: [
      { status: 200, headers: {}, body: "one", ms: 1 },
      { status: 503, headers: {}, body: "two", ms: 2 },
    ],
  },
])("parseAnswers() reads $name", ({ output, want }) => {
  expect(parseAnswers(output)).toEqual(want);
});
