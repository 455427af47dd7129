// The ports of a workload, with what is spoken on each: what its services say, and what its containers declare.
import { memoize } from "../base/memo.ts";
import { type MtlsMode, mtlsMode, peerPolicy } from "../model/mtls.ts";
import { layerOf, type Protocol } from "../model/protocol.ts";
import type { ServicePort } from "../model/service.ts";
import type { Workload } from "../model/workload.ts";
import type { InboundContext } from "./proxy-context.ts";

export interface InboundPort {
  readonly number: number;
  readonly protocol: Protocol;
  readonly mode: MtlsMode;
}

/** The ports of a workload by number, sorted. Where services disagree about the protocol the first one counts. */
export const inboundPorts = memoize(
  (snapshot: InboundContext["snapshot"], workload: Workload): readonly InboundPort[] => {
    const protocols = new Map<number, Protocol>();
    for (const service of snapshot.servicesOfWorkload.get(`${workload.namespace}/${workload.name}`) ?? []) {
      for (const port of service.ports) {
        const number = targetNumber(workload, port);
        if (number !== undefined && !protocols.has(number) && layerOf(port.protocol) !== "none")
          protocols.set(number, port.protocol);
      }
    }
    const declared = workload.ports.filter(({ protocol }) => protocol === "TCP").map(({ number }) => number);
    const governed = Object.keys(peerPolicy(snapshot, workload).ports).map(Number);
    for (const number of [...declared, ...governed]) if (!protocols.has(number)) protocols.set(number, "sniffed");
    return [...protocols]
      .map(([number, protocol]) => ({ number, protocol, mode: mtlsMode(snapshot, workload, number) }))
      .toSorted((a, b) => a.number - b.number);
  },
);

function targetNumber(workload: Workload, { targetPort }: ServicePort): number | undefined {
  if (typeof targetPort === "number") return targetPort;
  return workload.ports.find(({ name }) => name === targetPort)?.number;
}
