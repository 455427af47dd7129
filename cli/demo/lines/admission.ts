// What is not accepted: said with code, path, reason and fix, and not stored.
import { eventually, expectThat, type Line } from "../line.ts";
import type { DemoMesh } from "../mesh.ts";
import { reviewsUrl, versionOf } from "../reviews.ts";

const rule = (name: string, http: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name} }
spec:
  hosts: [reviews]
  http:
    ${http}
`;

/** The webhook denies it with these words; the same file changes nothing at the sidecar. */
async function denied(mesh: DemoMesh, yaml: string, wanted: readonly RegExp[]): Promise<string> {
  const verdict = await mesh.review(yaml);
  const text = verdict.message;
  expectThat(!verdict.allowed, `allowed, with warnings: ${verdict.warnings.join(" ")}`);
  for (const want of [/PIL\d{4}/, /docs\/codes\/PIL\d{4}\.md/, ...wanted])
    expectThat(want.test(text), `"${text}" says nothing like ${want}`);
  return /PIL\d{4}.*/.exec(text)?.[0] ?? "";
}

/** Reviews go to v1 before and after a file that must be refused. */
async function notStored(mesh: DemoMesh, name: string, yaml: string): Promise<void> {
  const versions = async () => new Set((await mesh.askMany("default/curl", reviewsUrl, { times: 15 })).map(versionOf));
  mesh.apply(name, yaml);
  for (let round = 0; round < 5; round += 1) {
    const seen = [...(await versions())].join(", ");
    expectThat(seen === "v1", `after a refused file reviews answer ${seen}`);
  }
}

async function allToV1(mesh: DemoMesh): Promise<void> {
  mesh.applySample("bookinfo/subsets.yaml");
  mesh.apply("reviews", rule("reviews", "- route: [{ destination: { host: reviews, subset: v1 } }]"));
  await eventually(async () => {
    const answers = await mesh.askMany("default/curl", reviewsUrl, { times: 15 });
    expectThat(
      answers.every((answer) => versionOf(answer) === "v1"),
      "not all to v1 yet",
    );
  });
}

export const admissionLines: readonly Line[] = [
  {
    asked: "weights that are all zero",
    expected: "rejected with code, path, reason, fix; nothing stored",
    check: async (mesh) => {
      await allToV1(mesh);
      const zero = rule(
        "reviews",
        "- route: [{ destination: { host: reviews, subset: v2 }, weight: 0 }, { destination: { host: reviews, subset: v3 }, weight: 0 }]",
      );
      const seen = await denied(mesh, zero, [/weight/i, /spec\.http\[0\]/]);
      await notStored(mesh, "reviews", zero);
      return seen;
    },
  },
  {
    asked: "a misspelled field",
    expected: "rejected with the likely name; nothing stored",
    check: async (mesh) => {
      await allToV1(mesh);
      const misspelled = rule("reviews", "- rout: [{ destination: { host: reviews, subset: v2 } }]");
      const seen = await denied(mesh, misspelled, [/rout/, /"route"/]);
      await notStored(mesh, "reviews", misspelled);
      return seen;
    },
  },
  {
    asked: "a second VirtualService for a mesh host",
    expected: "rejected, naming the other object; nothing stored",
    check: async (mesh) => {
      await allToV1(mesh);
      const second = rule("reviews-too", "- route: [{ destination: { host: reviews, subset: v2 } }]");
      const seen = await denied(mesh, second, [/VirtualService default\/reviews\b/]);
      await notStored(mesh, "reviews-too", second);
      return seen;
    },
  },
];
