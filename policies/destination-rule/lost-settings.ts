// Settings of a DestinationRule that nothing carries out for the host that it has, although they act for others.
import type { ObjectOf } from "../../api/kinds.ts";
import { child } from "../../base/json-path.ts";
import { completeHost } from "../../model/hosts.ts";
import { layerOf } from "../../model/protocol.ts";
import type { MeshService } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { complaint } from "../complaint.ts";
import type { Complaint } from "../rule.ts";
import { settingsOf } from "./connections.ts";

/** Complaints about them. */
export function* lostSettings(object: ObjectOf<"DestinationRule">, { services, mesh }: Snapshot): Iterable<Complaint> {
  const { metadata, spec } = object;
  const host = completeHost(spec.host, metadata.namespace, mesh.clusterDomain, (name) => services.has(name));
  const service = services.get(host);
  for (const { value, path } of settingsOf(object)) {
    if (value.tls !== undefined && value.tls.mode === undefined) {
      yield complaint(
        child(path, "tls"),
        "tls says no mode, and has no effect",
        "Istio would read DISABLE; here mutual TLS is tried wherever it is understood, as without tls",
        "Write mode: DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL",
      );
    }
    const lost =
      service === undefined ? [] : portsWithoutLimits(service, "port" in value ? value.port?.number : undefined);
    if (service === undefined || lost.length === 0) continue;
    for (const field of ["idleTimeout", "maxConnectionDuration"] as const) {
      if (value.connectionPool?.tcp?.[field] === undefined) continue;
      const isHeadless = service.resolution === "headless";
      yield complaint(
        child(path, "connectionPool", "tcp", field),
        `${field} has no effect in this version on TCP connections to port ${lost.join(", ")} of "${spec.host}"`,
        isHeadless
          ? "Callers of a headless service go to its pods by address, where no limit is known"
          : "Whether it is TCP is told by the first bytes only, and such connections have no limit of their own",
        isHeadless ? "Limit them in the server" : "Write appProtocol: tcp (or http) at the Service's port",
      );
    }
  }
}

/** Numbers of the ports whose TCP connections nobody ends in time. */
function portsWithoutLimits({ ports, resolution }: MeshService, only: number | undefined): readonly number[] {
  const taken = resolution === "headless" ? ["tcp", "sniffed"] : ["sniffed"];
  return ports.flatMap(({ number, protocol }) =>
    (only === undefined || only === number) && taken.includes(layerOf(protocol)) ? [number] : [],
  );
}
