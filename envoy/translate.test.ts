// Golden files: what a mesh of a few objects becomes. `npm run golden` writes them anew; read the diff.
import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../model/build.ts";
import { applyChanges } from "../model/world.ts";
import { objectOf, worldOf } from "../model/testing/world-of.ts";
import { type ProxyNode, typeUrls } from "./resource.ts";
import { goldenCase, goldenNames, shop } from "./testing/golden.ts";
import { yamlOf } from "./testing/readable.ts";
import { translator } from "./translate.ts";

describe("translator", () => {
  test.each(goldenNames())("resource() of %s is what the golden file says", async (name) => {
    const golden = goldenCase(name);
    await expect(yamlOf(golden.shown)).toMatchFileSnapshot(golden.outFile);
  });
});
