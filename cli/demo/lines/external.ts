// Servers outside of the mesh: by ServiceEntry, through the egress gateway, and not at all.
import { eventually, expectThat, type Line } from "../line.ts";
import type { DemoMesh } from "../mesh.ts";

const url = "http://www.example.test/status/200";

const entry = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: example }
spec:
  hosts: [www.example.test]
  location: MESH_EXTERNAL
  resolution: DNS
  ports: [{ number: 80, name: http, protocol: HTTP }]
`;

const throughEgress = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: istio-egressgateway }
spec:
  selector: { istio: egressgateway }
  servers:
    - port: { number: 80, name: http, protocol: HTTP }
      hosts: [www.example.test]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: example }
spec:
  hosts: [www.example.test]
  gateways: [istio-egressgateway, mesh]
  http:
    - match: [{ gateways: [mesh], port: 80 }]
      route: [{ destination: { host: istio-egressgateway.istio-system.svc.cluster.local, port: { number: 80 } } }]
    - match: [{ gateways: [istio-egressgateway], port: 80 }]
      route: [{ destination: { host: www.example.test, port: { number: 80 } } }]
`;

const registryOnly = (config: string): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
${`${config}outboundTrafficPolicy: { mode: REGISTRY_ONLY }\n`.replaceAll(/^/gm, "    ")}`;

async function status(mesh: DemoMesh, want: number): Promise<string> {
  return eventually(async () => {
    const answer = await mesh.ask("default/curl", url, { maxSeconds: 5 });
    expectThat(answer.status === want, `${answer.status}`);
    return `${answer.status}`;
  });
}

export const externalLines: readonly Line[] = [
  {
    asked: "an external server without a rule (ALLOW_ANY), then by ServiceEntry",
    expected: "200; 200",
    check: async (mesh) => {
      const any = await status(mesh, 200);
      mesh.apply("external", entry);
      return `${any}; ${await status(mesh, 200)}`;
    },
  },
  {
    asked: "an external server through the egress gateway",
    expected: "200 with the gateway's access log line",
    check: async (mesh) => {
      mesh.apply("external", entry);
      mesh.apply("egress", throughEgress);
      const path = `/anything/egress-${Date.now()}`;
      return eventually(async () => {
        const answer = await mesh.ask("default/curl", `http://www.example.test${path}`, { maxSeconds: 5 });
        const line = mesh
          .logs("istio-system/istio-egressgateway", "istio-proxy")
          .split("\n")
          .find((text) => text.includes(path));
        expectThat(
          answer.status === 200 && line !== undefined,
          `${answer.status}, ${line === undefined ? "no log line" : "logged"}`,
        );
        return `${answer.status}; ${line.slice(0, 90)}…`;
      });
    },
  },
  {
    asked: "REGISTRY_ONLY: an external server without / with a ServiceEntry",
    expected: "502 / 200",
    check: async (mesh) => {
      mesh.apply("mesh-config", registryOnly("accessLogFile: /dev/stdout\n"));
      const without = await status(mesh, 502);
      mesh.apply("external", entry);
      return `${without} / ${await status(mesh, 200)}`;
    },
  },
];
