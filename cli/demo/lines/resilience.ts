// Circuit breaker and outlier ejection.
import { echoed } from "../echoed.ts";
import { eventually, expectThat, type Line, tally, tallyText } from "../line.ts";
import type { DemoMesh, Place } from "../mesh.ts";

/** The sum of Envoy's counters whose names match, read from the admin interface of a pod's proxy. */
export async function envoyCounter(mesh: DemoMesh, place: Place, pattern: RegExp): Promise<number> {
  const { stdout } = await mesh.exec(place, ["curl", "-s", "http://127.0.0.1:15000/stats"], {
    container: "istio-proxy",
  });
  return stdout
    .split("\n")
    .map((line) => /^(.*): (\d+)$/.exec(line))
    .filter((match) => match !== null && pattern.test(match[1] ?? ""))
    .reduce((sum, match) => sum + Number(match?.[2]), 0);
}

const onlyOne = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: httpbin }
spec:
  host: httpbin
  trafficPolicy:
    connectionPool:
      tcp: { maxConnections: 1 }
      http: { http1MaxPendingRequests: 1, maxRequestsPerConnection: 1 }
`;

const ejectAtOnce = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: echo }
spec:
  host: echo
  trafficPolicy:
    outlierDetection: { consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 3s, maxEjectionPercent: 100 }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo }
spec:
  hosts: [echo]
  http:
    - route: [{ destination: { host: echo, port: { number: 8080 } } }]
      retries: { attempts: 0 }
`;

export const resilienceLines: readonly Line[] = [
  {
    asked: "circuit breaker: 1 connection, 1 pending, 1 request per connection, under 3 concurrent",
    expected: "a mix of 200 and 503 with overflow counted",
    check: async (mesh) => {
      mesh.apply("breaker", onlyOne);
      return eventually(async () => {
        const before = await envoyCounter(mesh, "default/load", /httpbin.*upstream_rq_pending_overflow$/);
        const load = await mesh.exec("default/load", [
          "fortio",
          "load",
          "-c",
          "3",
          "-qps",
          "0",
          "-n",
          "60",
          "http://httpbin:8000/delay/0.02",
        ]);
        const codes = new Map(
          [...load.stdout.matchAll(/Code\s+(-?\d+)\s*: (\d+)/g)].map((match) => [match[1] ?? "", Number(match[2])]),
        );
        const overflow = (await envoyCounter(mesh, "default/load", /httpbin.*upstream_rq_pending_overflow$/)) - before;
        const seen = `${tallyText(codes)}, overflow ${overflow}`;
        expectThat((codes.get("200") ?? 0) > 0 && (codes.get("503") ?? 0) > 0 && overflow > 0, seen);
        return seen;
      });
    },
  },
  {
    asked: "outlier ejection after 1 error",
    expected: "the bad endpoint leaves, comes back",
    check: async (mesh) => {
      const ask = async (path: string, times: number) =>
        mesh.askMany("default/curl", `http://echo:8080${path}`, { times });
      const versions = async () => tally((await ask("/", 20)).map((answer) => echoed(answer).version));
      mesh.apply("outlier", ejectAtOnce);
      // Only v2 fails; the first failure must take it out, so afterwards v1 alone answers.
      const left = await eventually(async () => {
        await ask("/abort/503?only=v2", 4);
        const seen = await versions();
        expectThat(seen.size === 1 && seen.has("v1"), `after errors: ${tallyText(seen)}`);
        return tallyText(seen);
      });
      const back = await eventually(async () => {
        const seen = await versions();
        expectThat(seen.size === 2, `later: ${tallyText(seen)}`);
        return tallyText(seen);
      }, 30_000);
      const ejections = await envoyCounter(mesh, "default/curl", /echo.*outlier_detection\.ejections_enforced_total$/);
      expectThat(ejections > 0, `left: ${left}; back: ${back}; but Envoy counts no ejection`);
      return `left: ${left}; back: ${back}; ejections ${ejections}`;
    },
  },
];
