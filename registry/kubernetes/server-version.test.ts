import { describe, expect, test } from "vitest";
import { checkServerVersion } from "./server-version.ts";

describe("checkServerVersion()", () => {
  test.each([
    { name: "the oldest", body: { major: "1", minor: "30", gitVersion: "v1.30.0" }, want: "v1.30.0" },
    { name: "a provider's", body: { major: "1", minor: "31+", gitVersion: "v1.31.2-gke.1" }, want: "v1.31.2-gke.1" },
    {
      name: "a provider's oldest",
      body: { major: "1", minor: "30", gitVersion: "v1.30.0-gke.100" },
      want: "v1.30.0-gke.100",
    },
    { name: "one without a git version", body: { major: "2", minor: "0" }, want: "v2.0" },
  ])("takes $name", ({ body, want }) => {
    expect(checkServerVersion(body, "https://a")).toBe(want);
  });

  test.each([
    {
      name: "a cluster that is too old",
      body: { major: "1", minor: "29+" },
      want: /^KUBERNETES_VERSION: .* v1\.29\. .*1\.30/,
    },
    {
      name: "a provider's that is too old",
      body: { major: "1", minor: "29", gitVersion: "v1.29.0-eks-1234" },
      want: /^KUBERNETES_VERSION: the cluster runs Kubernetes v1\.29\.0-eks-1234\. .*1\.30/,
    },
    { name: "something else", body: "<html>", want: /^API_SERVER: https:\/\/a\/version does not tell/ },
  ])("refuses $name", ({ body, want }) => {
    expect(() => checkServerVersion(body, "https://a")).toThrow(want);
  });
});
