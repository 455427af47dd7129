// kube-proxy in miniature: which running pods answer for a Service, and the rules that send its address to them.

import { hasLabels } from "../model/selection.ts";
import type { Pod, Service } from "./objects.ts";

/** A pod as services see it. */
export interface Backend {
  readonly pod: Pod;
  readonly address: string;
  readonly ready: boolean;
}

/** Pods of the Service's namespace that its selector matches and that are ready; none for a Service without a selector. */
export function backendsOf(service: Service, pods: readonly Backend[]): readonly Backend[] {
  const selector = service.spec.selector ?? {};
  if (Object.keys(selector).length === 0) return [];
  return pods.filter(
    ({ pod, ready }) =>
      ready &&
      pod.metadata.namespace === service.metadata.namespace &&
      pod.metadata.deletionTimestamp === undefined &&
      hasLabels(pod.metadata.labels ?? {}, selector),
  );
}

/** The number that a port of a Service has in this pod; undefined when the pod declares no port of that name. */
export function targetPortIn(
  pod: Pod,
  port: { readonly port: number; readonly targetPort?: number | string },
): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number" || /^\d+$/.test(target)) return Number(target);
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return all.flatMap((container) => container.ports ?? []).find((named) => named.name === target)?.containerPort;
}

/**
 * The node's whole nat table for iptables-restore: each Service port goes to one of its endpoints at random; a pod that
 * reaches itself that way gets another source address, or it would take the answer for nobody's.
 */
export function natTable(
  services: readonly { readonly service: Service; readonly address: string }[],
  pods: readonly Backend[],
): string {
  const rules: string[] = [];
  const served = new Set<string>();
  for (const { service, address } of services) {
    const backends = backendsOf(service, pods);
    for (const port of service.spec.ports ?? []) {
      const targets = backends.flatMap(({ pod, address: to }) => {
        const number = targetPortIn(pod, port);
        if (number !== undefined) served.add(to);
        return number === undefined ? [] : [`${to}:${number}`];
      });
      const protocol = (port.protocol ?? "TCP").toLowerCase();
      targets.forEach((target, index) => {
        const share = targets.length - index;
        const chance = share === 1 ? "" : ` -m statistic --mode random --probability ${(1 / share).toFixed(8)}`;
        rules.push(
          `-A SERVICES -d ${address}/32 -p ${protocol} -m ${protocol} --dport ${port.port}${chance} -j DNAT --to-destination ${target}`,
        );
      });
    }
  }
  for (const address of served) rules.push(`-A POSTROUTING -s ${address}/32 -d ${address}/32 -j MASQUERADE`);
  const chains = [":PREROUTING ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]", ":SERVICES - [0:0]"];
  return ["*nat", ...chains, "-A PREROUTING -j SERVICES", "-A OUTPUT -j SERVICES", ...rules, "COMMIT", ""].join("\n");
}
