import { expect, test } from "vitest";
import { celFault } from "./cel.ts";

test.each([
  "response.code >= 400",
  "response.code >= 400 || (connection.mtls && request.url_path.contains('v1beta3'))",
  "has(request.headers['x-a']) ? true : !false",
  "{'a': 1, 'b': [1, 2.5, 0x1fu,]}['a'] in [1]",
  '"a\\"b" + r"\\d" == b\'x\'',
  "-1 - -x.y(2, 3).z{a: 1}",
  ".a.b // a comment",
])("celFault() takes %s", (text) => {
  expect(celFault(text)).toBeUndefined();
});

test.each([
  ["", "ends too early"],
  [")++++", 'has an unexpected ")"'],
  ["a ==", "ends too early"],
  ["a b", 'has an unexpected "b"'],
  ["a = b", 'has an unexpected "="'],
  ["f(1,)", 'has an unexpected ")"'],
  ["'open", `has an unexpected "'"`],
  ["(".repeat(200), 'has an unexpected "("'],
])("celFault() says what is wrong with %s", (text, want) => {
  expect(celFault(text)).toBe(want);
});
