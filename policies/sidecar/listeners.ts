// The ports that a Sidecar makes a proxy listen on.
import type { SidecarEgress, SidecarIngress } from "../../api/sidecar.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { isIpAddress } from "../../model/authority.ts";
import { portFault } from "../common/names.ts";
import { protocols, socketFault } from "../common/sockets.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** A Sidecar says something. */
export const emptySidecar = rule({
  code: "PIL1701",
  kinds: ["Sidecar"],
  enforcement: "deny",
  summary: "a Sidecar says something",
  *check({ spec }): Iterable<Complaint> {
    if ((spec.egress?.length ?? 0) > 0 || (spec.ingress?.length ?? 0) > 0) return;
    if (spec.outboundTrafficPolicy !== undefined || spec.inboundConnectionPool !== undefined) return;
    yield complaint(jsonPath("spec"), "there is nothing in it", "It would do nothing", "Add egress or ingress");
  },
});

/** Listeners have ports and addresses of their own. */
export const sidecarListeners = rule({
  code: "PIL1702",
  kinds: ["Sidecar"],
  enforcement: "deny",
  summary: "listeners of a Sidecar have ports and addresses of their own",
  *check({ spec }): Iterable<Complaint> {
    const ingressPorts = new Set<number>();
    for (const { value, path } of items(spec.ingress, jsonPath("spec", "ingress"))) {
      yield* ipListener(value, path, ingressPorts);
    }
    const egressPorts = new Set<number>();
    const sockets = new Set<string>();
    for (const { value, path } of items(spec.egress, jsonPath("spec", "egress"))) {
      if (value.port === undefined) yield* bindFault(value.bind, path);
      else if ((value.port.number ?? 0) === 0) yield* socketListener(value, path, sockets);
      else yield* ipListener(value, path, egressPorts);
    }
    yield* catchAll(spec.egress ?? []);
  },
});

/** Where an ingress listener sends to is an address of the pod itself. */
export const defaultEndpoints = rule({
  code: "PIL1704",
  kinds: ["Sidecar"],
  enforcement: "deny",
  summary: "a default endpoint is a port of the pod itself, or a socket",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.ingress, jsonPath("spec", "ingress"))) {
      const fault = endpointFault(value.defaultEndpoint ?? "");
      if (fault === undefined) continue;
      yield complaint(
        child(path, "defaultEndpoint"),
        `"${value.defaultEndpoint ?? ""}" ${fault}`,
        "The proxy could not hand the connection to the application",
        "Write 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or unix:///path",
      );
    }
  },
});

function endpointFault(endpoint: string): string | undefined {
  if (endpoint === "") return undefined;
  if (endpoint.startsWith("unix://")) return socketFault(endpoint.slice("unix://".length));
  const found = /^(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(.*)$/.exec(endpoint);
  if (found === null) return "is no address of the pod itself";
  const port = found[2] ?? "";
  return /^\d+$/.test(port) ? portFault(Number(port)) : `has "${port}" for a port`;
}

function* ipListener(
  { port, bind }: Pick<SidecarIngress | SidecarEgress, "port" | "bind">,
  path: JsonPath,
  taken: Set<number>,
): Iterable<Complaint> {
  const number = port?.number ?? 0;
  const fault = portFault(number);
  if (fault !== undefined) {
    const fix = "Write the number of a port";
    yield complaint(child(path, "port", "number"), `the port ${number} ${fault}`, "Nothing can listen there", fix);
  } else if (taken.has(number)) {
    const reason = "A proxy listens on a port once";
    yield complaint(child(path, "port", "number"), `the port ${number} is there twice`, reason, "Join the listeners");
  }
  taken.add(number);
  yield* portFaults(port, path);
  yield* bindFault(bind, path);
}

function* socketListener(
  { port, bind = "", captureMode }: SidecarEgress,
  path: JsonPath,
  taken: Set<string>,
): Iterable<Complaint> {
  const place = child(path, "bind");
  const fix = "Write bind: unix:///path, or a port number";
  if (!bind.startsWith("unix://")) {
    yield complaint(place, "the port has no number, and bind is no socket", "Nothing can listen there", fix);
    return;
  }
  const fault = socketFault(bind.slice("unix://".length));
  if (fault !== undefined) yield complaint(place, `"${bind}" ${fault}`, "Nothing can listen there", fix);
  if (taken.has(bind))
    yield complaint(place, `"${bind}" is there twice`, "A socket is made once", "Join the listeners");
  taken.add(bind);
  if (captureMode === "IPTABLES") {
    const reason = "Connections to a socket are not redirected";
    yield complaint(child(path, "captureMode"), "the listener is a socket, and IPTABLES is set", reason, "Write NONE");
  }
  yield* portFaults(port, path);
}

function* portFaults(port: SidecarEgress["port"], path: JsonPath): Iterable<Complaint> {
  const protocol = port?.protocol ?? "";
  if (protocol !== "" && !protocols.includes(protocol.toUpperCase())) {
    const fix = `Write one of ${protocols.slice(0, 8).join(", ")}`;
    yield complaint(child(path, "port", "protocol"), `the protocol is "${protocol}"`, "Proxies do not speak it", fix);
  }
  if ((port?.targetPort ?? 0) !== 0) {
    const reason = "A listener sends to its defaultEndpoint";
    yield complaint(child(path, "port", "targetPort"), "targetPort is set", reason, "Write it into defaultEndpoint");
  }
}

function* bindFault(bind: string | undefined, path: JsonPath): Iterable<Complaint> {
  if (!filled(bind) || isIpAddress(bind)) return;
  yield complaint(
    child(path, "bind"),
    `"${bind}" is no IP address`,
    "Nothing can listen there",
    "Write an address, or leave it out",
  );
}

/** A listener without a port is for all ports that the others leave: there is one, and it is the last. */
function* catchAll(egress: readonly SidecarEgress[]): Iterable<Complaint> {
  for (const [index, { port }] of egress.entries()) {
    if (port !== undefined || index === egress.length - 1) continue;
    yield complaint(
      jsonPath("spec", "egress", index),
      "a listener without a port is not the last one",
      "It is for all ports that the others leave",
      "Move it to the end, or give it a port",
    );
  }
}
