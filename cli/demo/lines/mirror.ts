// Copies of requests, also to a service that nobody called before.
import { echoed } from "../echoed.ts";
import { eventually, expectThat, isNearShare, type Line } from "../line.ts";
import type { DemoMesh } from "../mesh.ts";

/** The route goes to echo v1; copies go to the Service "silent", which only mirrors reach. */
function mirrorRule(percent: number): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo }
spec:
  hosts: [echo]
  http:
    - route: [{ destination: { host: echo, subset: v1, port: { number: 8080 } } }]
      mirror: { host: silent, port: { number: 8080 } }
      mirrorPercentage: { value: ${percent} }
`;
}

/** How many requests with this key the mirror has seen, asked around the mesh so that asking is no call to it. */
async function copies(mesh: DemoMesh, key: string): Promise<number> {
  const answer = await mesh.ask("plain/curl", `http://silent.default:8080/mirrored?key=${key}`);
  const { tries } = echoed(answer);
  expectThat(answer.status === 200 && !Number.isNaN(tries), `the mirror answered ${answer.status}`);
  return tries - 1;
}

function mirrorLine(percent: number, times: number): Line {
  return {
    asked: `mirroring ${percent} %${percent === 100 ? " to a cluster that nobody called before" : ""}, ${times} requests`,
    expected: "copies arrive, answers come from the primary only",
    check: async (mesh) => {
      mesh.applySample("echo/subsets.yaml");
      mesh.apply("mirror", mirrorRule(percent));
      await eventually(async () => {
        const probe = await mesh.askMany("default/curl", "http://echo:8080/settle", { times: 10 });
        expectThat(
          probe.every((answer) => echoed(answer).version === "v1"),
          "not all from the primary yet",
        );
      });
      const key = `m${percent}-${Date.now()}`;
      const answers = await mesh.askMany("default/curl", `http://echo:8080/mirrored?key=${key}`, { times });
      const fromPrimary = answers.filter((answer) => answer.status === 200 && echoed(answer).version === "v1").length;
      const isEnough = (count: number): boolean =>
        percent === 100 ? count === times : isNearShare(count, times, percent / 100);
      let asked = 0;
      return eventually(async () => {
        const count = (await copies(mesh, key)) - asked;
        asked += 1;
        const seen = `${count} copies, ${fromPrimary} answers from the primary`;
        expectThat(fromPrimary === times && isEnough(count), seen);
        return seen;
      });
    },
  };
}

export const mirrorLines: readonly Line[] = [mirrorLine(100, 50), mirrorLine(50, 200)];
