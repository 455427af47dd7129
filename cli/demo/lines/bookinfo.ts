// Pods, the product page, and the reviews without a rule.
import { echoed } from "../echoed.ts";
import { eventually, expectThat, type Line, tally, tallyText } from "../line.ts";
import { reviewsUrl, versionOf } from "../reviews.ts";

export const bookinfoLines: readonly Line[] = [
  {
    asked: "pods in the labelled namespace / in an unlabelled one",
    expected: "2/2 / 1/1",
    check: async (mesh) => {
      const labelled = tally(
        mesh
          .pods()
          .filter((pod) => pod.namespace === "default")
          .map((pod) => pod.ready),
      );
      const plain = tally(
        mesh
          .pods()
          .filter((pod) => pod.namespace === "plain")
          .map((pod) => pod.ready),
      );
      const seen = `${tallyText(labelled)} / ${tallyText(plain)}`;
      expectThat(labelled.size === 1 && labelled.has("2/2") && plain.size === 1 && plain.has("1/1"), seen);
      return seen;
    },
  },
  {
    asked: "GET /productpage through the ingress gateway from the host",
    expected: "200 with details, reviews, ratings",
    check: async (mesh) => {
      return eventually(async () => {
        const pages = await mesh.askMany("host/", `${mesh.ingressUrl}/productpage`, { times: 9 });
        const bodies = pages.map((page) => page.body);
        const has = (text: RegExp): number => bodies.filter((body) => text.test(body)).length;
        const details = has(/ISBN/i);
        const failed = has(/Error fetching/);
        const stars = has(/★|glyphicon-star|class="star/);
        const seen = `${tallyText(tally(pages.map((page) => `${page.status}`)))}; details ${details}, stars ${stars}, errors ${failed} of 9`;
        expectThat(pages.every((page) => page.status === 200) && details === 9 && failed === 0 && stars > 0, seen);
        return seen;
      });
    },
  },
  {
    asked: "a path that no route exposes",
    expected: "404 from Envoy, server: istio-envoy",
    check: async (mesh) => {
      const answer = await mesh.askIngress("/nothing-here");
      const seen = `${answer.status}, server: ${answer.headers["server"] ?? "none"}`;
      expectThat(answer.status === 404 && answer.headers["server"] === "istio-envoy" && answer.body === "", seen);
      return seen;
    },
  },
  {
    asked: "reviews without rules, 60 requests",
    expected: "all three versions",
    check: async (mesh) => {
      return eventually(async () => {
        const answers = await mesh.askMany("default/curl", reviewsUrl, { times: 60 });
        const seen = tally(answers.map(versionOf));
        expectThat(seen.size === 3 && ["v1", "v2", "v3"].every((version) => seen.has(version)), tallyText(seen));
        return tallyText(seen);
      });
    },
  },
  {
    asked: "a pod that no Deployment made, behind a Service",
    expected: "200 from it, over mTLS",
    check: (mesh) =>
      eventually(async () => {
        const answer = await mesh.ask("default/curl", "http://lone:8080/");
        const { version, headers } = echoed(answer);
        const isSecure = headers["x-forwarded-client-cert"] !== undefined;
        const seen = `${answer.status} from ${version}, ${isSecure ? "mTLS" : "plain text"}`;
        expectThat(answer.status === 200 && version === "lone" && isSecure, seen);
        return seen;
      }),
  },
];
