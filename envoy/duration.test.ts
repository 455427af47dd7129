// Durations keep their length on the way from text to message.
import { toJson } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { durationOf, positiveDuration } from "./duration.ts";

const text = (duration: Duration | undefined) => duration && toJson(DurationSchema, duration);

test.each([
  { given: "7s", want: "7s", positive: "7s" },
  { given: "0.5s", want: "0.500s", positive: "0.500s" },
  { given: "1h30m", want: "5400s", positive: "5400s" },
  { given: "1500us", want: "0.001500s", positive: "0.001500s" },
  { given: "0s", want: "0s", positive: undefined },
  { given: "-1s", want: "0s", positive: undefined },
  { given: "soon", want: undefined, positive: undefined },
  { given: undefined, want: undefined, positive: undefined },
])("durationOf($given) is $want, positiveDuration() $positive", ({ given, want, positive }) => {
  expect(text(durationOf(given))).toBe(want);
  expect(text(positiveDuration(given))).toBe(positive);
});
