// TLS, connection pools and outbound policy of a Sidecar.
import type { SidecarIngress } from "../../api/sidecar.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { hostFault, portFault } from "../common/names.ts";
import { complaint, filled } from "../complaint.ts";
import { poolFaults } from "../destination-rule/connections.ts";
import { certificateFaults } from "../gateway/certificates.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** TLS of an ingress listener is ended with files. */
export const ingressTls = rule({
  code: "PIL1705",
  kinds: ["Sidecar"],
  enforcement: "deny",
  summary: "TLS of a Sidecar's ingress is ended with certificates in files",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.ingress, jsonPath("spec", "ingress"))) {
      if (value.tls !== undefined) yield* tlsFaults(value, value.tls, child(path, "tls"));
    }
  },
});

/** Limits of connections are as in a DestinationRule. */
export const sidecarPools = rule({
  code: "PIL1707",
  kinds: ["Sidecar"],
  enforcement: "deny",
  summary: "connection pools of a Sidecar hold limits that can be kept",
  *check({ spec }): Iterable<Complaint> {
    const all = jsonPath("spec", "inboundConnectionPool");
    if (spec.inboundConnectionPool !== undefined) yield* poolFaults(spec.inboundConnectionPool, all);
    for (const { value, path } of items(spec.ingress, jsonPath("spec", "ingress"))) {
      if (value.connectionPool !== undefined) yield* poolFaults(value.connectionPool, child(path, "connectionPool"));
    }
  },
});

const httpProtocols = ["HTTP", "HTTPS", "HTTP2", "GRPC", "GRPC-WEB"];

/** HTTP limits are for HTTP. */
export const httpPoolOnTcp = rule({
  code: "PIL1708",
  kinds: ["Sidecar"],
  enforcement: "warn",
  summary: "HTTP limits stand on HTTP ports",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.ingress, jsonPath("spec", "ingress"))) {
      const protocol = value.port.protocol ?? "";
      if (value.connectionPool?.http === undefined || protocol === "") continue;
      if (httpProtocols.includes(protocol.toUpperCase())) continue;
      yield complaint(
        child(path, "connectionPool", "http"),
        `the port speaks ${protocol}, and has limits for HTTP`,
        "Only the limits for TCP apply",
        "Take http away, or name the port's protocol HTTP",
      );
    }
  },
});

/** Calls to other hosts may go through a proxy, where they are allowed. */
export const outboundPolicy = rule({
  code: "PIL1709",
  kinds: ["Sidecar"],
  enforcement: "deny",
  summary: "an egress proxy is a host and a port, and calls are allowed",
  *check({ spec }): Iterable<Complaint> {
    const { mode, egressProxy } = spec.outboundTrafficPolicy ?? {};
    if (egressProxy === undefined) return;
    const path = jsonPath("spec", "outboundTrafficPolicy", "egressProxy");
    if (mode !== "ALLOW_ANY") {
      const reason = "Calls that are refused need no way out";
      yield complaint(path, `the mode is ${mode ?? "REGISTRY_ONLY"}`, reason, "Write mode: ALLOW_ANY");
    }
    const host = hostFault(egressProxy.host, { wildcard: false });
    if (host !== undefined) {
      const fix = "Write a name such as egress.shop.svc.cluster.local";
      yield complaint(child(path, "host"), `host "${egressProxy.host}" ${host}`, "No service could be meant", fix);
    }
    const port = portFault(egressProxy.port?.number ?? 0);
    if (port !== undefined) {
      const problem = `the port ${egressProxy.port?.number ?? "is missing and"} ${port}`;
      yield complaint(child(path, "port"), problem, "There is nothing to call", "Write port.number");
    }
  },
});

const unsupported = [
  "subjectAltNames",
  "httpsRedirect",
  "credentialName",
  "credentialNames",
  "tlsCertificates",
] as const;

function* tlsFaults(
  { port }: SidecarIngress,
  tls: NonNullable<SidecarIngress["tls"]>,
  path: JsonPath,
): Iterable<Complaint> {
  for (const field of unsupported) {
    const value = tls[field];
    if (value === undefined || value === false || value === "" || (Array.isArray(value) && value.length === 0))
      continue;
    const fix = "Take it away; certificate and key are files: serverCertificate and privateKey";
    yield complaint(child(path, field), `${field} is set`, "A sidecar's ingress does not know it", fix);
  }
  if (tls.mode === "ISTIO_MUTUAL" || tls.mode === "AUTO_PASSTHROUGH") {
    const reason = "A sidecar's ingress ends TLS with certificates of the application";
    yield complaint(child(path, "mode"), `the mode is ${tls.mode}`, reason, "Write SIMPLE or MUTUAL");
  }
  const protocol = port.protocol ?? "";
  if (filled(protocol) && !["HTTPS", "TLS"].includes(protocol.toUpperCase())) {
    const fix = "Write protocol: HTTPS or TLS, or take tls away";
    yield complaint(path, `there is TLS, and the port speaks ${protocol}`, "Callers would speak without TLS", fix);
  }
  yield* certificateFaults(tls, path);
}
