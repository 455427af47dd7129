// Pods for a real kubelet to probe: each cell of the table (protocol by sort of probe) is a container that only sleeps, and one
// more container answers, or does not. So what happens to a container is due to its one probe.
import { type Protocol, protocolNames, protocols, servers } from "../sandbox/probed-pod.ts";

export const states = ["well", "failing"] as const;
export type State = (typeof states)[number];

/** Sorts of probes, and how many failures in a row count: readiness may change at once, others have time for the server to start. */
const sorts = { readiness: 1, liveness: 15, startup: 15 } as const;
export type Sort = keyof typeof sorts;
export const sortNames = ["readiness", "liveness", "startup"] as const;

/** What a cell's container is called: `http-readiness`. */
export const cellName = (protocol: Protocol | "exec", sort: Sort): string => `${protocol}-${sort}`;
export const cellProtocols = [...protocolNames, "exec"] as const;

const handlers: Readonly<Record<Protocol, object>> = {
  http: { httpGet: { path: "/health", port: protocols.http } },
  https: { httpGet: { port: protocols.https, scheme: "HTTPS" } },
  tcp: { tcpSocket: { port: protocols.tcp } },
  grpc: { grpc: { port: protocols.grpc } },
};
const handlerOf = (protocol: Protocol | "exec", state: State): object =>
  protocol === "exec" ? { exec: { command: [state === "well" ? "true" : "false"] } } : handlers[protocol];

/** Nobody listens for TCP where it fails; the others answer that they are not well. */
const program = (state: State): string => {
  const listening = protocolNames.filter((protocol) => state === "well" || protocol !== "tcp");
  const lines = listening.map((protocol) => `${servers[protocol]}.listen(${protocols[protocol]});`);
  return [`const broken = ${state === "failing"};`, ...lines].join("\n");
};

const shell = { image: "pillion/shell:1.0", imagePullPolicy: "IfNotPresent" };

/** A Deployment of that state, with label `mode` for a PeerAuthentication to select. The certificate is for HTTPS. */
export function probedDeployment(
  name: string,
  mode: string,
  state: State,
  certificate: { readonly cert: string; readonly key: string },
): object {
  const env = [
    { name: "CERT", value: certificate.cert },
    { name: "KEY", value: certificate.key },
  ];
  const cells = cellProtocols.flatMap((protocol) =>
    sortNames.map((sort) => ({
      ...shell,
      name: cellName(protocol, sort),
      command: ["sleep", "infinity"],
      [`${sort}Probe`]: { ...handlerOf(protocol, state), periodSeconds: 1, failureThreshold: sorts[sort] },
    })),
  );
  const containers = [{ ...shell, name: "server", command: ["node", "-e", program(state)], env }, ...cells];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, mode } },
        spec: { terminationGracePeriodSeconds: 1, containers },
      },
    },
  };
}

/** A pod that prints which paths it is asked for, with these hooks. */
export function hookedPod(name: string, lifecycle: object): object {
  const listening = "require('node:http').createServer((q, s) => { console.log(q.url); s.end(); }).listen(8080);";
  const command = ["node", "-e", listening];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 5, containers: [{ ...shell, name: "app", command, lifecycle }] },
  };
}
