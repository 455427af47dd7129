// What the webhook accepts Envoy accepts: a short run of `npm run fuzz:envoy`.
import { expect, test } from "vitest";
import { fuzz } from "./fuzz/fuzz.ts";

test("Envoy takes the resources of every object that the webhook accepts", async () => {
  const { found, tried, accepted } = await fuzz({ seed: 1, documents: 400, milliseconds: 20_000 });
  expect(found).toEqual([]);
  expect(accepted).toBeGreaterThan(tried / 3);
});
