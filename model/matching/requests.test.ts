import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { HttpMatch } from "../../api/http-route.ts";
import { covers, overlapOf } from "./requests.ts";

const match = (text: string) => parse(text) as HttpMatch; // Written below.

describe("overlapOf()", () => {
  test.each([
    { a: "{ uri: { prefix: /a } }", b: "{ uri: { exact: /a/b } }", want: "GET /a/b" },
    { a: "{ uri: { prefix: /a } }", b: "{ uri: { regex: '/[a-z]/x+' } }", want: "GET /a/x" },
    { a: "{ uri: { regex: '/a.*' } }", b: "{ uri: { regex: '.*z' } }", want: "GET /az" },
    { a: "{ uri: { regex: '/ab?c*d{0,2}' } }", b: "{ uri: { exact: /a } }", want: "GET /a" },
    { a: "{ uri: { regex: '/a|/b' } }", b: "{ uri: { prefix: /b } }", want: "GET /b" },
    { a: "{ uri: { exact: /AB }, ignoreUriCase: true }", b: "{ uri: { regex: '/ab+' } }", want: "GET /ab" },
    { a: "{}", b: "{}", want: "GET /" },
    { a: "{ uri: { exact: /A }, ignoreUriCase: true }", b: "{ uri: { prefix: /a } }", want: "GET /a" },
    { a: "{ method: { regex: 'P.*' } }", b: "{ method: { exact: PUT } }", want: "PUT /" },
    { a: "{ headers: { X-A: { prefix: b } } }", b: "{ headers: { x-a: { regex: '.*c' } } }", want: "GET / x-a: bc" },
    { a: "{ headers: { a: {} } }", b: "{}", want: "GET / a: a" },
    { a: "{ withoutHeaders: { a: { exact: b } } }", b: "{ headers: { a: { regex: 'b?c?' } } }", want: "GET / a: c" },
    { a: "{ withoutHeaders: { a: {} } }", b: "{ uri: { prefix: /b } }", want: "GET /b" },
    {
      a: "{ queryParams: { q: { exact: '1' } } }",
      b: "{ queryParams: { r: { regex: 'x+' } } }",
      want: "GET /?q=1&r=x",
    },
    { a: "{ sourceLabels: { app: a } }", b: "{ sourceLabels: { zone: b } }", want: "GET /" },
  ])("finds $want for $a and $b", ({ a, b, want }) => {
    const found = overlapOf(match(a), match(b), "reviews");
    expect(found.type).toBe("request");
    if (found.type !== "request") return;
    const { method, path, headers, authority } = found.request;
    expect(authority).toBe("reviews");
    const said = Object.entries(headers).map(([name, value]) => ` ${name}: ${value}`);
    expect(`${method} ${path}${said.join("")}`).toBe(want);
  });

  test.each([
    { a: "{ uri: { prefix: /a } }", b: "{ uri: { prefix: /b } }" },
    { a: "{ uri: { exact: /a } }", b: "{ uri: { regex: '/[b-z]' } }" },
    { a: "{ headers: { x: { exact: a } } }", b: "{ headers: { x: { exact: b } } }" },
    { a: "{ headers: { x: { exact: a } } }", b: "{ withoutHeaders: { X: {} } }" },
    { a: "{ port: 80 }", b: "{ port: 81 }" },
    { a: "{ sourceLabels: { app: a } }", b: "{ sourceLabels: { app: b } }" },
    { a: "{ method: { exact: GET } }", b: "{ method: { exact: POST } }" },
  ])("finds none for $a and $b", ({ a, b }) => {
    expect(overlapOf(match(a), match(b), "reviews")).toEqual({ type: "none" });
  });

  test("completes a host that is a wildcard", () => {
    const found = overlapOf(match("{ authority: { prefix: www } }"), match("{}"), "*.example.com");
    expect(found).toMatchObject({ request: { authority: "www.example.com" } });
  });

  test("gives up on what it does not understand", () => {
    expect(overlapOf(match("{ uri: { regex: '\\ba' } }"), match("{ uri: { prefix: /b } }"), "a").type).toBe("unknown");
  });
});

describe("covers()", () => {
  test.each([
    { wide: "{}", narrow: "{ uri: { exact: /a } }", want: true },
    { wide: "{ uri: { prefix: / } }", narrow: "{}", want: true },
    { wide: "{ uri: { prefix: /a } }", narrow: "{ uri: { exact: /a/b } }", want: true },
    { wide: "{ uri: { prefix: /a } }", narrow: "{ uri: { prefix: / } }", want: false },
    { wide: "{ uri: { regex: '/.*' } }", narrow: "{ uri: { prefix: /b } }", want: true },
    { wide: "{ uri: { regex: '/a.*|/b.*' } }", narrow: "{ uri: { regex: '/[ab][0-9]' } }", want: true },
    { wide: "{ uri: { regex: '/a[0-9]*' } }", narrow: "{ uri: { prefix: /a } }", want: false },
    { wide: "{ uri: { exact: /A }, ignoreUriCase: true }", narrow: "{ uri: { exact: /a } }", want: true },
    { wide: "{ headers: { a: { exact: b } } }", narrow: "{ headers: { A: { exact: b }, c: {} } }", want: true },
    { wide: "{ headers: { a: { exact: b }, c: {} } }", narrow: "{ headers: { a: { exact: b } } }", want: false },
    { wide: "{ headers: { a: {} } }", narrow: "{ headers: { a: { regex: 'x+' } } }", want: true },
    { wide: "{ withoutHeaders: { a: { exact: b } } }", narrow: "{ headers: { a: { exact: c } } }", want: true },
    { wide: "{ withoutHeaders: { a: { exact: b } } }", narrow: "{}", want: false },
    { wide: "{ withoutHeaders: { a: {} } }", narrow: "{ withoutHeaders: { a: {} } }", want: true },
    { wide: "{ queryParams: { q: {} } }", narrow: "{ queryParams: { q: { exact: a } } }", want: true },
    { wide: "{ method: { regex: 'GET|HEAD' } }", narrow: "{ method: { exact: GET } }", want: true },
    { wide: "{ method: { exact: GET } }", narrow: "{}", want: false },
    { wide: "{ port: 80 }", narrow: "{}", want: false },
    { wide: "{ gateways: [a, b] }", narrow: "{ gateways: [a] }", want: true },
    { wide: "{ sourceLabels: { app: a } }", narrow: "{ sourceLabels: { app: a, v: b } }", want: true },
    { wide: "{ uri: { regex: '\\b.*' } }", narrow: "{ uri: { exact: /a } }", want: false },
  ])("$want: $wide and $narrow", ({ wide, narrow, want }) => {
    expect(covers(match(wide), match(narrow))).toBe(want);
  });
});
