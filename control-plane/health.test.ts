import { expect, test } from "vitest";
import { createHealth } from "./health.ts";

test("createHealth() is ready when every part is well, and never again after stop()", () => {
  const health = createHealth(["world", "xds"]);
  expect(health.ready()).toBe(false);
  health.set("world", undefined);
  health.set("xds", "port taken");
  expect(health.ready()).toBe(false);
  expect(health.text()).toBe("[+]world ok\n[-]xds: port taken\n");
  health.set("xds", undefined);
  expect(health.ready()).toBe(true);
  health.stop();
  expect(health.ready()).toBe(false);
  expect(health.text()).toContain("[-]stopping");
});
