import { describe, expect, test } from "vitest";
import { assertMachine } from "./machine.ts";

describe("assertMachine()", () => {
  const good = { envoyBinary: process.execPath, platform: "linux", user: 0 };
  test.each([
    {
      change: { platform: "darwin" },
      says: "NOT_LINUX: The sandbox needs Linux's network namespaces, and this is darwin",
    },
    {
      change: { user: 1000 },
      says: "NOT_ROOT: The sandbox makes network namespaces, and only root may. Start it again with sudo.",
    },
    { change: { user: undefined }, says: "NOT_ROOT" },
  ])("says $says", ({ change, says }) => {
    expect(() => assertMachine({ ...good, ...change })).toThrow(says);
  });
});
