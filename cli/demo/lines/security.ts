// Who calls whom: identities at the application, and what STRICT refuses.
import { eventually, expectThat, type Line } from "../line.ts";

const strict = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
`;

export const securityLines: readonly Line[] = [
  {
    asked: "X-Forwarded-Client-Cert at httpbin",
    expected: "SPIFFE URIs of both sides",
    check: async (mesh) => {
      return eventually(async () => {
        const answer = await mesh.ask("default/curl", "http://httpbin:8000/headers");
        const seen =
          /By=spiffe:.*URI=spiffe:[^"\\]*/.exec(answer.body)?.[0] ??
          `none in ${answer.status} ${answer.body.slice(0, 200)}`;
        const wanted = [
          "By=spiffe://cluster.local/ns/default/sa/httpbin",
          "URI=spiffe://cluster.local/ns/default/sa/curl",
        ];
        expectThat(
          wanted.every((part) => seen.includes(part)),
          seen,
        );
        return wanted.join("; ");
      });
    },
  },
  {
    asked: "a pod without a sidecar calls httpbin: PERMISSIVE / STRICT; a sidecar under STRICT",
    expected: "200 / refused; 200",
    check: async (mesh) => {
      const plain = async () => mesh.ask("plain/curl", "http://httpbin.default:8000/status/200", { maxSeconds: 5 });
      const permissive = await eventually(async () => {
        const answer = await plain();
        expectThat(answer.status === 200, `PERMISSIVE: ${answer.status}`);
        return answer.status;
      });
      mesh.apply("strict", strict);
      const refused = await eventually(async () => {
        const answer = await plain();
        expectThat(answer.status === 0, `STRICT: ${answer.status}`);
        return "refused";
      });
      const meshed = await mesh.ask("default/curl", "http://httpbin:8000/status/200");
      expectThat(meshed.status === 200, `a sidecar under STRICT: ${meshed.status}`);
      // Probes go through the proxy, so pods stay ready.
      const notReady = mesh.pods().filter((pod) => pod.namespace === "default" && pod.ready !== "2/2");
      expectThat(notReady.length === 0, `not ready under STRICT: ${notReady.map((pod) => pod.name).join(", ")}`);
      return `${permissive} / ${refused}; ${meshed.status}`;
    },
  },
];
