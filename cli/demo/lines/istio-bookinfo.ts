// Istio's own bookinfo, its files unchanged: `--bookinfo DIR` names its folder (platform/kube, networking).
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { eventually, expectThat, type Line, tally, tallyText } from "../line.ts";
import type { DemoMesh } from "../mesh.ts";
import { reviewsUrl, versionOf } from "../reviews.ts";

/** Files that the mesh starts with, below Istio's samples/bookinfo. */
export const istioBookinfoFiles = ["platform/kube/bookinfo.yaml", "networking/bookinfo-gateway.yaml"];

const jason = ["end-user: jason"];
const ratingsUrl = "http://ratings:9080/ratings/0";

/** The lines, with rules read from that folder. */
export function istioBookinfoLines(folder: string): readonly Line[] {
  const apply = (mesh: DemoMesh, ...names: readonly string[]): void => {
    for (const name of names) {
      const path = join(folder, "networking", `${name}.yaml`);
      mesh.apply(basename(path, ".yaml"), readFileSync(path, "utf8"));
    }
  };
  const reviews = (mesh: DemoMesh, wanted: readonly string[], headers: readonly string[] = []): Promise<string> =>
    eventually(async () => {
      const answers = await mesh.askMany("default/curl", reviewsUrl, { times: 20 * wanted.length, headers });
      const seen = tally(answers.map(versionOf));
      expectThat(seen.size === wanted.length && wanted.every((version) => seen.has(version)), tallyText(seen));
      return tallyText(seen);
    });
  return [
    {
      asked: "bookinfo.yaml and bookinfo-gateway.yaml: GET /productpage",
      expected: "200 with details and reviews",
      check: (mesh) =>
        eventually(async () => {
          const page = await mesh.askIngress("/productpage");
          const isWhole = page.body.includes("ISBN") && !page.body.includes("Error fetching");
          expectThat(page.status === 200 && isWhole, `${page.status}, ${isWhole ? "whole" : "something is missing"}`);
          return `${page.status}, whole`;
        }),
    },
    {
      asked: "destination-rule-all, virtual-service-all-v1",
      expected: "only v1",
      check: (mesh) => {
        apply(mesh, "destination-rule-all", "virtual-service-all-v1");
        return reviews(mesh, ["v1"]);
      },
    },
    {
      asked: "virtual-service-reviews-test-v2",
      expected: "jason v2, others v1",
      check: async (mesh) => {
        apply(mesh, "destination-rule-all", "virtual-service-reviews-test-v2");
        return `jason ${await reviews(mesh, ["v2"], jason)}, others ${await reviews(mesh, ["v1"])}`;
      },
    },
    {
      asked: "virtual-service-reviews-50-v3",
      expected: "v1 and v3",
      check: (mesh) => {
        apply(mesh, "destination-rule-all", "virtual-service-reviews-50-v3");
        return reviews(mesh, ["v1", "v3"]);
      },
    },
    {
      asked: "virtual-service-ratings-test-delay",
      expected: "jason waits 7 s, others do not",
      check: (mesh) => {
        apply(mesh, "destination-rule-all", "virtual-service-ratings-test-delay");
        return eventually(async () => {
          const slow = await mesh.ask("default/curl", ratingsUrl, { headers: jason });
          const quick = await mesh.ask("default/curl", ratingsUrl);
          const seen = `jason ${(slow.ms / 1_000).toFixed(1)} s, others ${(quick.ms / 1_000).toFixed(1)} s`;
          expectThat(slow.ms > 6_500 && slow.ms < 9_000 && quick.ms < 2_000, seen);
          return seen;
        }, 30_000);
      },
    },
    {
      asked: "virtual-service-ratings-test-abort",
      expected: "500 for jason, 200 for others",
      check: (mesh) => {
        apply(mesh, "destination-rule-all", "virtual-service-ratings-test-abort");
        return eventually(async () => {
          const failed = await mesh.ask("default/curl", ratingsUrl, { headers: jason });
          const others = await mesh.ask("default/curl", ratingsUrl);
          const seen = `jason ${failed.status}, others ${others.status}`;
          expectThat(failed.status === 500 && others.status === 200, seen);
          return seen;
        });
      },
    },
  ];
}
