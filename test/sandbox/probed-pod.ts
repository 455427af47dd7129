// A pod that is probed in every way, and can be made to fail: one container for each protocol, each with all three probes.

/** Ports of the containers; the names of the ports are the protocols'. */
export const protocols = { http: 8080, https: 8443, tcp: 9000, grpc: 7070 } as const;
export type Protocol = keyof typeof protocols;
export const protocolNames: readonly Protocol[] = ["http", "https", "tcp", "grpc"];

/** The last word of each probe's path on port 15020. */
export const probes = { readinessProbe: "readyz", livenessProbe: "livez", startupProbe: "startupz" } as const;
const probeFields = ["readinessProbe", "livenessProbe", "startupProbe"] as const;

/** GET /break on this port (in the pod) makes the container fail, any other path mends it. */
export const switchPort = (protocol: Protocol): number => protocols[protocol] + 1;

const handlers: Readonly<Record<Protocol, object>> = {
  http: { httpGet: { path: "/health", port: "http" } },
  https: { httpGet: { port: "https", scheme: "HTTPS" } },
  tcp: { tcpSocket: { port: "tcp" } },
  grpc: { grpc: { port: protocols.grpc } }, // Kubernetes takes a number only
};

/** Nobody listens on port 9. */
const hooks: Readonly<Partial<Record<Protocol, object>>> = { http: { path: "/bye", port: "http" }, tcp: { port: 9 } };

const answer = `(q, s) => {
  s.statusCode = broken ? 503 : 200;
  s.end('application_metric{path="' + q.url + '"} 1');
}`;
/** gRPC's health service by hand: status 1 is SERVING, 2 is NOT_SERVING. */
const grpc = `(s) => {
  s.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  s.on("wantTrailers", () => s.sendTrailers({ "grpc-status": "0" }));
  s.end(Buffer.from([0, 0, 0, 0, 2, 8, broken ? 2 : 1]));
}`;
/** Each protocol's server in JavaScript, not yet listening; `broken` is a variable around it. */
export const servers: Readonly<Record<Protocol, string>> = {
  http: `require("http").createServer(${answer})`,
  https: `require("https").createServer({ key: process.env.KEY, cert: process.env.CERT }, ${answer})`,
  tcp: `require("net").createServer((s) => s.on("error", () => {}).end())`,
  grpc: `require("http2").createServer().on("stream", ${grpc})`,
};

/** Broken TCP is a port on which nobody listens; the others answer that they are not well. */
const program = (protocol: Protocol): string => `let broken = false;
const server = ${servers[protocol]}.listen(${protocols[protocol]});
require("http").createServer((q, s) => {
  const before = broken;
  broken = q.url === "/break";
  ${protocol === "tcp" ? `if (broken && !before) server.close(); if (before && !broken) server.listen(${protocols.tcp});` : ""}
  s.end();
}).listen(${switchPort(protocol)}, "127.0.0.1");`;

/** Only readiness may change anything while a test looks on; a container that is started again would be well again. */
const timesOf = (field: (typeof probeFields)[number]): object =>
  field === "readinessProbe" ? { periodSeconds: 1, failureThreshold: 1 } : { periodSeconds: 1, failureThreshold: 300 };

/** The pod as JSON, which is YAML too. The certificate is for HTTPS; the kubelet does not look at it. */
export function probedPod(name: string, certificate: { readonly cert: string; readonly key: string }): string {
  const containers = protocolNames.map((protocol) => ({
    name: protocol,
    image: "pillion/shell",
    command: ["node", "-e", program(protocol)],
    env: [
      { name: "CERT", value: certificate.cert },
      { name: "KEY", value: certificate.key },
    ],
    ports: [{ name: protocol, containerPort: protocols[protocol] }],
    ...Object.fromEntries(probeFields.map((field) => [field, { ...handlers[protocol], ...timesOf(field) }])),
    ...(hooks[protocol] === undefined ? {} : { lifecycle: { preStop: { httpGet: hooks[protocol] } } }),
  }));
  const annotations = { "prometheus.istio.io/scrape-targets": "8080:/own-metrics,8080:/more-metrics" };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name }, annotations },
    spec: { terminationGracePeriodSeconds: 1, containers },
  });
}
