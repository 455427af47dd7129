import { expect, test } from "vitest";
import type { Finding } from "../base/finding.ts";
import { jsonPath } from "../base/json-path.ts";
import { allowed, denied, errored, patched, reviewText } from "./response.ts";

const finding = (severity: Finding["severity"], problem = "a problem"): Finding => ({
  code: "PIL5002",
  severity,
  object: { kind: "Pod", namespace: "shop", name: "web" },
  path: jsonPath("spec"),
  problem,
  reason: "A reason",
  fix: "A fix",
  others: [],
});

test("allowed() says findings as one line each", () => {
  expect(allowed()).toEqual({ allowed: true });
  expect(allowed([finding("warning", "two\nlines")]).warnings).toEqual([
    "PIL5002 Pod shop/web at spec: two lines. A reason. A fix. See docs/codes/PIL5002.md",
  ]);
});

test.each([1, 20, 500])("allowed() keeps the warnings of %i findings below what Kubernetes cuts", (count) => {
  const { warnings = [] } = allowed(Array.from({ length: count }, () => finding("warning", "x".repeat(300))));
  expect(warnings.join("").length).toBeLessThan(4096);
  if (warnings.length < count) expect(warnings.at(-1)).toBe(`and ${count - warnings.length + 1} more`);
});

test("allowed() cuts a single warning that is too long", () => {
  const [line = ""] = allowed([finding("warning", "x".repeat(9000))]).warnings ?? [];
  expect(line).toMatch(/^PIL5002 .*x \.\.\.$/);
  expect(line.length).toBeLessThanOrEqual(4000);
});

test("denied() gives every error a block, and warns of the rest", () => {
  const response = denied([finding("error", "first"), finding("warning", "second"), finding("error", "third")]);
  expect(response).toMatchObject({ allowed: false, status: { code: 422, reason: "Rejected" } });
  expect(response.status?.message).toContain(
    "\nPod shop/web: 2 problems\n  PIL5002 spec: first.\n          A reason.\n          A fix.  docs/codes/PIL5002.md\n",
  );
  expect(response.status?.message).toContain("third");
  expect(response.status?.message).not.toContain("second");
  expect(response.warnings).toHaveLength(1);
});

test("denied() gives kubectl edit causes, which are all that it shows", () => {
  const [cause] = denied([finding("error", "first")], true).status?.details?.causes ?? [];
  expect(cause).toEqual({
    field: "spec",
    message: "PIL5002 Pod shop/web at spec: first. A reason. A fix. See docs/codes/PIL5002.md",
  });
  expect(denied([finding("error")]).status).not.toHaveProperty("details");
});

test("patched() carries its operations", () => {
  const operations = [{ op: "add", path: "/é", value: 1 }] as const;
  const { patch = "", ...rest } = patched(operations);
  expect(JSON.parse(Buffer.from(patch, "base64").toString())).toEqual(operations);
  expect(rest).toEqual({ allowed: true, patchType: "JSONPatch" });
});

test("errored() tells whose mistake it is", () => {
  expect(errored(400, "No.").status?.reason).toBe("BadRequest");
  expect(errored(500, "No.").status?.reason).toBe("InternalError");
});

test("reviewText() makes a review of the version that was asked", () => {
  expect(JSON.parse(reviewText("u", allowed()))).toEqual({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: "u", allowed: true },
  });
});
