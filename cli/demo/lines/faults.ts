// Delays, aborts, timeouts, retries.
import { echoed } from "../echoed.ts";
import { eventually, expectThat, isNearShare, type Line, tally, tallyText } from "../line.ts";
import type { DemoMesh } from "../mesh.ts";

const ratingsUrl = "http://ratings:9080/ratings/0";
const echoUrl = "http://echo:8080";

function withFault(mesh: DemoMesh, host: string, fault: string): void {
  mesh.apply(
    `${host}-fault`,
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${host} }
spec:
  hosts: [${host}]
  http:
    - fault: ${fault}
      route: [{ destination: { host: ${host} } }]
`,
  );
}

/** 200 requests, when about half of them are aborted. */
async function halfAborted(mesh: DemoMesh, code: number): Promise<string> {
  withFault(mesh, "ratings", `{ abort: { httpStatus: ${code}, percentage: { value: 50 } } }`);
  return eventually(async () => {
    const seen = tally(
      (await mesh.askMany("default/curl", ratingsUrl, { times: 200 })).map((answer) => `${answer.status}`),
    );
    expectThat(seen.size === 2 && isNearShare(seen.get(`${code}`) ?? 0, 200, 0.5), tallyText(seen));
    return tallyText(seen);
  });
}

export const faultLines: readonly Line[] = [
  {
    asked: "fault: 7 s delay for jason, seen on the product page",
    expected: "about 6 s (3 s and one retry), its own error text; others at once",
    check: async (mesh) => {
      mesh.applySample("bookinfo/subsets.yaml");
      mesh.applySample("bookinfo/ratings-delay.yaml");
      mesh.applySample("bookinfo/reviews-jason-v2.yaml");
      await eventually(async () => {
        const direct = await mesh.ask("default/curl", ratingsUrl, { headers: ["end-user: jason"] });
        expectThat(direct.ms > 6_500 && direct.ms < 9_000, `ratings answered jason after ${Math.round(direct.ms)} ms`);
      }, 20_000);
      const cookies = await mesh.askIngress("/login", { args: ["-d", "username=jason&passwd="] });
      const cookie = (cookies.headers["set-cookie"] ?? "").split(";", 1)[0] ?? "";
      const page = await mesh.askIngress("/productpage", { headers: [`cookie: ${cookie}`] });
      const others = await mesh.askIngress("/productpage");
      const seen = `jason ${(page.ms / 1_000).toFixed(1)} s, others ${(others.ms / 1_000).toFixed(1)} s`;
      expectThat(page.body.includes("Error fetching product reviews"), `${seen}; no error text for jason`);
      expectThat(page.ms > 5_000 && page.ms < 10_000 && others.ms < 3_000, seen);
      expectThat(!others.body.includes("Error fetching"), "others see the error too");
      return seen;
    },
  },
  {
    asked: "fault: abort 500 for jason",
    expected: "500 for jason, 200 for others",
    check: async (mesh) => {
      mesh.applySample("bookinfo/subsets.yaml");
      mesh.applySample("bookinfo/ratings-abort.yaml");
      return eventually(async () => {
        const jason = await mesh.ask("default/curl", ratingsUrl, { headers: ["end-user: jason"] });
        const others = await mesh.ask("default/curl", ratingsUrl);
        const seen = `jason ${jason.status}, others ${others.status}`;
        expectThat(jason.status === 500 && others.status === 200, seen);
        return seen;
      });
    },
  },
  {
    asked: "fault: abort 418 for 50 %, 200 requests",
    expected: "half, within 4 standard deviations",
    check: async (mesh) => halfAborted(mesh, 418),
  },
  {
    asked: "fault: delay 1 s and abort 503 together",
    expected: "503 after about 1 s",
    check: async (mesh) => {
      withFault(
        mesh,
        "ratings",
        "{ delay: { fixedDelay: 1s, percentage: { value: 100 } }, abort: { httpStatus: 503, percentage: { value: 100 } } }",
      );
      return eventually(async () => {
        const answer = await mesh.ask("default/curl", ratingsUrl);
        const seen = `${answer.status} after ${Math.round(answer.ms)} ms`;
        expectThat(answer.status === 503 && answer.ms > 950 && answer.ms < 3_000, seen);
        return seen;
      });
    },
  },
  {
    asked: "fault: gRPC abort UNAVAILABLE",
    expected: "status 14 UNAVAILABLE",
    check: async (mesh) => {
      const call = async (): Promise<string> =>
        (await mesh.exec("default/echo-v1", ["grpc-client", "echo:7070"])).stdout.split("\n", 1)[0] ?? "";
      await eventually(async () => {
        const before = await call();
        expectThat(before === "status 0 OK", `before: ${before}`);
      });
      mesh.applySample("echo/grpc-abort.yaml");
      return eventually(async () => {
        const seen = await call();
        expectThat(seen === "status 14 UNAVAILABLE", seen);
        return seen;
      });
    },
  },
  {
    asked: "timeout 0.5 s against a 2 s service",
    expected: "504 after 0.5 s",
    check: async (mesh) => {
      mesh.applySample("echo/timeout.yaml");
      return eventually(async () => {
        const answer = await mesh.ask("default/curl", `${echoUrl}/slow?ms=2000`);
        const seen = `${answer.status} after ${Math.round(answer.ms)} ms`;
        expectThat(answer.status === 504 && answer.ms > 450 && answer.ms < 1_900, seen);
        return seen;
      });
    },
  },
  {
    asked: "retries: 3 attempts against an abort on the far side",
    expected: "attempt count seen at the service",
    check: async (mesh) => {
      mesh.applySample("echo/retries.yaml");
      mesh.applySample("echo/subsets.yaml");
      let round = 0;
      return eventually(async () => {
        round += 1;
        // Two endpoints count tries apart, so at most 2 × 2 tries fail: up to 3 are retried after the first.
        const answer = await mesh.ask("default/curl", `${echoUrl}/abort/503?times=1&key=retry-${round}`);
        const attempt = echoed(answer).attempt;
        const gaveUp = await mesh.ask("default/curl", `${echoUrl}/abort/503?key=give-up-${round}`);
        const last = echoed(gaveUp).attempt;
        const seen = `${answer.status} at attempt ${attempt}; one that never works: ${gaveUp.status} at attempt ${last}`;
        expectThat(answer.status === 200 && attempt >= 2 && gaveUp.status === 503 && last === 4, seen);
        return seen;
      });
    },
  },
];
