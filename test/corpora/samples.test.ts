// Every object of Istio's samples that this version reads is read without an error.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "../../api/parse.ts";
import { findingLine, hasErrors } from "../../base/finding.ts";
import { buildSnapshot } from "../../model/build.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import { applyChanges } from "../../model/world.ts";
import { review } from "../../policies/review.ts";
import { readDocuments } from "../../registry/yaml-source.ts";
import { corpora, filesBelow, skipReason } from "./corpora.ts";

/** That something is not enforced yet says nothing about whether it is well-formed. */
const judged = worldOf(`
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "pillion: { findings: { PIL6001: off } }" }`);

/** As many objects were read when this was written; fewer would mean that something is skipped without a word. */
const leastObjects = 272;

describe.skipIf(corpora === undefined)(`parse()${skipReason}`, () => {
  const samples = join(corpora ?? ".", "samples");
  const files = corpora === undefined ? [] : filesBelow(samples, /\.ya?ml$/);
  const parsed = files.flatMap((file) =>
    readDocuments(readFileSync(file, "utf8")).documents.map(({ value, line }) => ({
      place: `${relative(samples, file)}:${line}`,
      result: parse(value, { defaultNamespace: "default" }),
    })),
  );

  test("reads the samples without an error", () => {
    const errors = parsed.flatMap(({ place, result }) => {
      if (result.type === "ignored") return [];
      return hasErrors(result.findings) ? result.findings.map((finding) => `${place} ${findingLine(finding)}`) : [];
    });
    expect(errors).toEqual([]);
  });

  test("takes the samples: no rule denies an object, alone or with the rest of its file", () => {
    const errors = files.flatMap((file) => {
      let world = judged;
      return readDocuments(readFileSync(file, "utf8")).documents.flatMap(({ value }) => {
        const result = parse(value, { defaultNamespace: "default" });
        if (result.type !== "object") return [];
        const findings = [judged, world].flatMap((around) => review(result.object, around, buildSnapshot(around)));
        world = applyChanges(world, [{ type: "put", object: result.object }]);
        return findings.filter(({ severity }) => severity === "error").map((one) => `${file} ${findingLine(one)}`);
      });
    });
    expect(errors).toEqual([]);
  });

  test("reads as many of them as ever", () => {
    expect(parsed.filter(({ result }) => result.type === "object").length).toBeGreaterThanOrEqual(leastObjects);
  });

  test("knows every kind of Istio's groups in them", () => {
    const unknown = parsed.filter(({ result }) => result.type === "rejected").map(({ place }) => place);
    expect(unknown).toEqual([]);
  });
});
