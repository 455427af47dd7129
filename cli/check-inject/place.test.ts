import { describe, expect, test } from "vitest";
import { placeOf } from "./place.ts";

describe("placeOf()", () => {
  test.each([
    { words: ["web-0"], want: "/api/v1/namespaces/shop/pods/web-0" },
    { words: ["po/web-0"], want: "/api/v1/namespaces/shop/pods/web-0" },
    { words: ["pods", "web-0"], want: "/api/v1/namespaces/shop/pods/web-0" },
    { words: ["Deployment/web"], want: "/apis/apps/v1/namespaces/shop/deployments/web" },
    { words: ["deployments/web"], want: "/apis/apps/v1/namespaces/shop/deployments/web" },
    { words: ["deploy", "web"], want: "/apis/apps/v1/namespaces/shop/deployments/web" },
    { words: ["sts/db"], want: "/apis/apps/v1/namespaces/shop/statefulsets/db" },
    { words: ["ds/agent"], want: "/apis/apps/v1/namespaces/shop/daemonsets/agent" },
    { words: ["rs/web-6b8c"], want: "/apis/apps/v1/namespaces/shop/replicasets/web-6b8c" },
    { words: ["jobs/nightly"], want: "/apis/batch/v1/namespaces/shop/jobs/nightly" },
    { words: ["cronjob/nightly"], want: "/apis/batch/v1/namespaces/shop/cronjobs/nightly" },
  ])("reads $words as kubectl does", ({ words, want }) => {
    expect(placeOf(words, "shop")).toEqual({ path: want, namespace: "shop" });
  });

  test.each([[[]], [["svc/web"]], [["deploy/"]], [["deploy/web/x"]], [["deploy", "web", "x"]], [["constructor/web"]]])(
    "refuses %j",
    (words) => {
      expect(() => placeOf(words, "shop")).toThrow(/^CHECK_INJECT: /);
    },
  );
});
