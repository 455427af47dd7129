import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findImage, parseCatalogue, resolveProgram } from "./images.ts";

const replace = { dist: "/app/dist", node: "/bin/node", envoy: "/bin/envoy" };
const catalogue = parseCatalogue(
  `
images:
  - match: istio/examples-reviews-v*
    entrypoint: [node, "{dist}/reviews.js"]
    env: { VERSION: 2 }
  - match: go-httpbin
    entrypoint: [node, "{dist}/httpbin.js"]
    programs: { go-httpbin: [node, "{dist}/httpbin.js"] }
  - match: shell
    entrypoint: [/bin/sleep]
    cmd: [infinity]
`,
  replace,
);

describe("findImage()", () => {
  test.each([
    { image: "istio/examples-reviews-v1", want: "istio/examples-reviews-v*" },
    { image: "docker.io/istio/examples-reviews-v3:1.20.3", want: "istio/examples-reviews-v*" },
    { image: "registry.example:5000/istio/examples-reviews-v3@sha256:00", want: "istio/examples-reviews-v*" },
    { image: "registry.istio.io/release/examples-reviews-v1", want: undefined },
    { image: "istio/examples-reviews-v1/extra", want: undefined },
    { image: "mccutchen/go-httpbin:v2", want: "go-httpbin" },
    { image: "my-go-httpbin", want: undefined },
    { image: "docker.io/istio/proxyv2:1.29", want: "proxyv2" },
    { image: "", want: undefined },
  ])("finds $want for $image", ({ image, want }) => {
    expect(findImage(catalogue, image)?.match).toBe(want);
  });
});

describe("parseCatalogue()", () => {
  test("puts paths in the place of words", () => {
    expect(findImage(catalogue, "istio/examples-reviews-v1")?.entrypoint).toEqual([
      "/bin/node",
      "/app/dist/reviews.js",
    ]);
    expect(findImage(catalogue, "pillion/proxy")?.entrypoint).toEqual(["/bin/envoy"]);
  });

  test("makes texts of variables", () => {
    expect(findImage(catalogue, "istio/examples-reviews-v1")?.env).toEqual({ VERSION: "2" });
  });

  test.each([
    { text: "other: []", says: 'it has no list "images"' },
    { text: "images: [{ entrypoint: [a] }]", says: 'an entry has no "match"' },
    { text: "images: [{ match: a, entrypoint: b }]", says: '"entrypoint" of a is not a list of words' },
    { text: "images: [{ match: a, programs: { x: 1 } }]", says: '"programs.x" of a is not a list of words' },
  ])("says: $says", ({ text, says }) => {
    expect(() => parseCatalogue(text, replace)).toThrow(says);
  });

  test("takes the catalogue of the samples", () => {
    const samples = parseCatalogue(readFileSync(new URL("../samples/images.yaml", import.meta.url), "utf8"), replace);
    expect(findImage(samples, "registry.istio.io/release/examples-bookinfo-reviews-v2:1.20.3")?.env).toEqual({
      SERVICE_VERSION: "v2",
    });
  });
});

describe("resolveProgram()", () => {
  const image = findImage(catalogue, "go-httpbin");
  test.each([
    { words: ["go-httpbin", "-port", "80"], want: ["/bin/node", "/app/dist/httpbin.js", "-port", "80"] },
    { words: ["/bin/go-httpbin"], want: ["/bin/node", "/app/dist/httpbin.js"] },
    { words: ["curl", "go-httpbin"], want: ["curl", "go-httpbin"] },
    { words: [], want: [] },
  ])("calls $words as $want", ({ words, want }) => {
    expect(resolveProgram(image, words)).toEqual(want);
  });
});
