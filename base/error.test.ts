import { describe, expect, test } from "vitest";
import { errorText, PillionError } from "./error.ts";

describe("errorText()", () => {
  test.each([
    { name: "the message", thrown: new Error("no such file"), text: "no such file" },
    { name: "a thrown text", thrown: "stop", text: "stop" },
    {
      name: "causes in brackets",
      thrown: new Error("not read", { cause: new Error("not opened", { cause: "EACCES" }) }),
      text: "not read (not opened (EACCES))",
    },
    {
      name: "a cause only once when the message names it",
      thrown: new PillionError("KUBECONFIG", {
        problem: "cannot read the file: EACCES",
        fix: "Name another one",
        cause: new Error("EACCES"),
      }),
      text: "KUBECONFIG: cannot read the file: EACCES. Name another one.",
    },
  ])("gives $name", ({ thrown, text }) => {
    expect(errorText(thrown)).toBe(text);
  });
});
