// Who calls whom: identities at the application, and what STRICT refuses.
import { eventually, expectThat, type Line } from "../line.ts";

const strict = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default }
spec: { mtls: { mode: STRICT } }
`;

const policy = (name: string, namespace: string, spec: string): string => `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`;
const httpbinOnly = "selector: { matchLabels: { app: httpbin } }";

/** One step: what is applied on top, and what a pod without a sidecar then gets from httpbin. */
const levels: readonly {
  readonly name: string;
  readonly level: string;
  readonly yaml: string;
  readonly isOpen: boolean;
}[] = [
  {
    name: "mesh",
    level: "mesh STRICT",
    yaml: policy("default", "istio-system", "{ mtls: { mode: STRICT } }"),
    isOpen: false,
  },
  {
    name: "namespace",
    level: "namespace PERMISSIVE",
    yaml: policy("default", "default", "{ mtls: { mode: PERMISSIVE } }"),
    isOpen: true,
  },
  {
    name: "workload",
    level: "workload STRICT",
    yaml: policy("httpbin", "default", `{ ${httpbinOnly}, mtls: { mode: STRICT } }`),
    isOpen: false,
  },
  {
    name: "workload",
    level: "port DISABLE",
    yaml: policy(
      "httpbin",
      "default",
      `{ ${httpbinOnly}, mtls: { mode: STRICT }, portLevelMtls: { 8080: { mode: DISABLE } } }`,
    ),
    isOpen: true,
  },
];

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
  {
    asked: "PeerAuthentication for the mesh, a namespace, a workload, a port: a pod without a sidecar; then a sidecar",
    expected: "the narrower wins: refused, 200, refused, 200; under DISABLE in plain text",
    check: async (mesh) => {
      const seen: string[] = [];
      for (const { name, level, yaml, isOpen } of levels) {
        mesh.apply(name, yaml);
        await eventually(async () => {
          const { status } = await mesh.ask("plain/curl", "http://httpbin.default:8000/status/200", { maxSeconds: 5 });
          expectThat(status === (isOpen ? 200 : 0), `${level}: ${status}`);
        });
        seen.push(`${level} ${isOpen ? "200" : "refused"}`);
      }
      return eventually(async () => {
        // A caller without open connections: those of others stay encrypted until they are drained.
        const answer = await mesh.ask("default/echo-v2", "http://httpbin:8000/headers");
        const isPlain = !/Client-Cert/i.test(answer.body);
        expectThat(
          answer.status === 200 && isPlain,
          `${answer.status}, ${isPlain ? "plain text" : "still mTLS"} from a sidecar`,
        );
        return `${seen.join(", ")}; a sidecar ${answer.status} in plain text`;
      });
    },
  },
];
