// A dry run is answered as if it were none, and leaves nothing behind.
import { expect, test } from "vitest";
import { parse } from "../api/parse.ts";
import { buildSnapshot } from "../model/build.ts";
import { emptyWorld } from "../model/world.ts";
import { review } from "../policies/review.ts";
import type { AdmissionRequest } from "./admission.ts";
import { recentlyAdmitted } from "./recently-admitted.ts";
import { validateObject } from "./validate.ts";

/** A webhook of an empty world, and the names of what it has let in. */
function newWebhook() {
  const admitted: string[] = [];
  const deps = {
    parse,
    review: (...[candidate, world]: [Parameters<typeof review>[0], Parameters<typeof review>[1]]) =>
      review(candidate, world, buildSnapshot(world)),
    world: emptyWorld,
    onAdmitted: ({ metadata }: { readonly metadata: { readonly name: string } }) => void admitted.push(metadata.name),
    recent: recentlyAdmitted(() => 0),
  };
  return { admitted, ask: (request: AdmissionRequest) => validateObject(request, deps) };
}

const route = { route: [{ destination: { host: "reviews" } }] };
const asked = (name: string, dryRun: boolean, spec: object = {}): AdmissionRequest => ({
  uid: "u",
  operation: "CREATE",
  kind: "VirtualService",
  namespace: "shop",
  name,
  dryRun,
  object: {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace: "shop" },
    spec: { hosts: ["reviews"], http: [route], ...spec },
  },
  oldObject: undefined,
});
const deletion = (name: string, dryRun: boolean): AdmissionRequest => ({
  ...asked(name, dryRun),
  operation: "DELETE",
  object: undefined,
});

test.each([
  { name: "what is allowed", spec: {}, allowed: true },
  { name: "what is allowed with warnings", spec: { http: [route, route] }, allowed: true },
  { name: "what is denied for its form", spec: { http: [{ rout: [] }] }, allowed: false },
  { name: "what Envoy would refuse", spec: { http: [{ ...route, match: [{ uri: { regex: "(" } }] }] }, allowed: false },
])("validateObject() gives a dry run of $name the same answer", ({ spec, allowed }) => {
  const dry = newWebhook().ask(asked("a", true, spec));
  expect(dry).toEqual(newWebhook().ask(asked("a", false, spec)));
  expect(dry.allowed).toBe(allowed);
});

test("validateObject() gives a dry run the same answer about a conflict", () => {
  const { ask } = newWebhook();
  ask(asked("first", false));
  const dry = ask(asked("second", true));
  expect(dry.allowed).toBe(false);
  expect(dry).toEqual(ask(asked("second", false)));
});

test("validateObject() does not count a dry run as stored, nor a dry deletion as gone", () => {
  const { ask, admitted } = newWebhook();
  ask(asked("dry", true));
  expect(ask(asked("first", false)).allowed).toBe(true);
  ask(deletion("first", true));
  expect(ask(asked("second", false)).allowed).toBe(false);
  ask(deletion("first", false));
  expect(ask(asked("second", false)).allowed).toBe(true);
  expect(admitted).toEqual(["first", "second"]);
});
