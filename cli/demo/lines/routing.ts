// Versions by header and by weight; matches, rewrites, redirects, headers.
import { echoed } from "../echoed.ts";
import { eventually, expectThat, isNearShare, type Line, tally, tallyText } from "../line.ts";
import type { DemoMesh } from "../mesh.ts";
import { reviewsUrl, versionOf } from "../reviews.ts";

async function versions(
  mesh: DemoMesh,
  times: number,
  headers: readonly string[] = [],
): Promise<ReadonlyMap<string, number>> {
  return tally((await mesh.askMany("default/curl", reviewsUrl, { times, headers })).map(versionOf));
}

/** Wait until only these versions answer, each at least once. */
async function settled(mesh: DemoMesh, wanted: readonly string[], headers: readonly string[] = []): Promise<string> {
  return eventually(async () => {
    const seen = await versions(mesh, 20 * wanted.length, headers);
    expectThat(seen.size === wanted.length && wanted.every((version) => seen.has(version)), tallyText(seen));
    return tallyText(seen);
  });
}

function splitLine(sample: string, shares: Readonly<Record<string, number>>): Line {
  const wanted = Object.keys(shares);
  return {
    asked: `${Object.values(shares)
      .map((share) => share * 100)
      .join("/")} split, 400 requests`,
    expected: "within 4 standard deviations",
    check: async (mesh) => {
      mesh.applySample("bookinfo/subsets.yaml");
      mesh.applySample(sample);
      await settled(mesh, wanted);
      const seen = await versions(mesh, 400);
      const isNear = wanted.every((version) => isNearShare(seen.get(version) ?? 0, 400, shares[version] ?? 0));
      expectThat(seen.size === wanted.length && isNear, tallyText(seen));
      return tallyText(seen);
    },
  };
}

export const routingLines: readonly Line[] = [
  {
    asked: "all to v1; header end-user: jason to v2",
    expected: "only v1; jason sees v2, others v1",
    check: async (mesh) => {
      mesh.applySample("bookinfo/subsets.yaml");
      mesh.applySample("bookinfo/all-v1.yaml");
      const all = await settled(mesh, ["v1"]);
      mesh.remove("all-v1");
      mesh.applySample("bookinfo/reviews-jason-v2.yaml");
      const jason = await settled(mesh, ["v2"], ["end-user: jason"]);
      const others = await settled(mesh, ["v1"]);
      return `${all}; jason ${jason}, others ${others}`;
    },
  },
  splitLine("bookinfo/reviews-50-50.yaml", { v1: 0.5, v3: 0.5 }),
  splitLine("bookinfo/reviews-90-10.yaml", { v1: 0.9, v2: 0.1 }),
  {
    asked: "URI exact, prefix, regex; rewrite; redirect; header add/remove",
    expected: "as written",
    check: async (mesh) => {
      mesh.applySample("echo/rewrite.yaml");
      const url = "http://echo:8080";
      await eventually(async () => {
        const redirect = await mesh.ask("default/curl", `${url}/old`);
        const location = redirect.headers["location"] ?? "none";
        expectThat(redirect.status === 308 && location.endsWith("/new"), `redirect ${redirect.status} to ${location}`);
      });
      const api = await mesh.ask("default/curl", `${url}/api/thing?a=1`, { headers: ["x-secret: 1"] });
      const item = await mesh.ask("default/curl", `${url}/item/42`);
      const other = await mesh.ask("default/curl", `${url}/item/none`);
      expectThat(api.status === 200 && echoed(api).path === "/thing?a=1", `rewrite: ${api.status} ${api.body}`);
      expectThat(
        echoed(api).headers["x-route"] === "api" && !("x-secret" in echoed(api).headers),
        `request headers: ${api.body}`,
      );
      expectThat(api.headers["x-answered-by"] === "echo", "response header x-answered-by is missing");
      expectThat(echoed(item).headers["x-route"] === "item", `regex: ${item.status} ${item.body}`);
      expectThat(other.status === 404, `a path that nothing matches: ${other.status}`);
      return "308 to /new; /api/thing → /thing; headers set, added, removed; regex matched; else 404";
    },
  },
];
