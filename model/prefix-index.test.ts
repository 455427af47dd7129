import fc from "fast-check";
import { expect, test } from "vitest";
import { indexByPrefix } from "./prefix-index.ts";

test("indexByPrefix() finds what begins alike, in the list's order", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), text, (texts, asked) => {
      const list = texts.map((own, position) => ({ own, position }));
      const index = indexByPrefix(list, ({ own }) => own);
      expect(index.above(asked)).toEqual(list.filter(({ own }) => asked.startsWith(own)));
      expect(index.below(asked)).toEqual(list.filter(({ own }) => own.startsWith(asked) && own !== asked));
    }),
  );
});
