import { expect, test } from "vitest";
import { list, object, string } from "./schema.ts";
import { withReferences } from "./schema-references.ts";

test("withReferences() sets apart what stands in a schema more than once", () => {
  const pair = object("Two names", { one: string("The one"), other: string("The other") });
  const schema = object("All", { first: pair, rest: list("More", pair), alone: object("Alone", { a: string("A") }) });
  expect(withReferences(schema)).toMatchObject({
    properties: {
      first: { $ref: "#/$defs/part-0", description: "Two names" },
      rest: { type: "array", items: { $ref: "#/$defs/part-0" } },
      alone: { type: "object", properties: { a: { type: "string" } } },
    },
    $defs: { "part-0": { type: "object", properties: { one: { type: "string" } } } },
  });
});

test("withReferences() leaves other schemas as they are", () => {
  const schema = object("All", { a: string("A"), b: string("B") });
  expect(withReferences(schema)).toEqual({ ...schema, $defs: {} });
});
