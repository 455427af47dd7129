import { expect, test } from "vitest";
import { defaultSettings, withControlPlane } from "./settings.ts";

test("withControlPlane() gives the same object for the same address, and forgets what was asked long ago", () => {
  const moved = (host: string) => withControlPlane(defaultSettings, { host, port: 15_012, sni: host });
  const first = moved("a");
  expect(first.xds).toEqual({ host: "a", port: 15_012, sni: "a" });
  expect(moved("a")).toBe(first);
  for (let index = 0; index < 100; index++) moved(`b${index}`);
  expect(moved("a")).not.toBe(first);
  expect(moved("a")).toEqual(first);
});
