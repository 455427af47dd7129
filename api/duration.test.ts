import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

describe("parseDuration()", () => {
  test.each([
    { given: "1h", want: 3_600_000 },
    { given: "1m30s", want: 90_000 },
    { given: "0.5s", want: 500 },
    { given: ".5s", want: 500 },
    { given: "5.s", want: 5_000 },
    { given: "100ms", want: 100 },
    { given: "10us", want: 0.01 },
    { given: "10µs", want: 0.01 },
    { given: "1000000ns", want: 1 },
    { given: "0", want: 0 },
    { given: "0s", want: 0 },
    { given: "-2s", want: -2_000 },
    { given: "+2s", want: 2_000 },
    { given: "", want: undefined },
    { given: "-", want: undefined },
    { given: "5", want: undefined },
    { given: "5 s", want: undefined },
    { given: "5d", want: undefined },
    { given: "s", want: undefined },
    { given: ".s", want: undefined },
    { given: "1s2", want: undefined },
    { given: "1e3s", want: undefined },
  ])("reads $given as $want ms", ({ given, want }) => {
    expect(parseDuration(given)).toBe(want);
  });

  test("adds its parts", () => {
    const number = fc.nat(1_000);
    fc.assert(
      fc.property(number, number, number, (hours, seconds, ms) => {
        expect(parseDuration(`${hours}h${seconds}s${ms}ms`)).toBe(hours * 3_600_000 + seconds * 1_000 + ms);
      }),
    );
  });
});
