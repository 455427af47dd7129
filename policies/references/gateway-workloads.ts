// The pods that a Gateway configures, and whether its ports can be reached through a Service.
import type { Gateway } from "../../api/gateway.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { hasLabels } from "../../model/selection.ts";
import type { Workload } from "../../model/workload.ts";
import { complaint } from "../complaint.ts";
import { type Around, type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** A Gateway is for pods that there are; where no pod is known at all nothing can be told. */
export const gatewayWorkloads = rule({
  code: "PIL2113",
  alias: "IST0101",
  kinds: ["Gateway"],
  enforcement: "warn",
  summary: "the selector of a Gateway selects a pod",
  *check({ spec }, around): Iterable<Complaint> {
    const selector = Object.entries(spec.selector ?? {});
    if (selector.length === 0 || around.snapshot.workloads.size === 0 || selected(spec, around).length > 0) return;
    yield complaint(
      jsonPath("spec", "selector"),
      `no pod has the labels ${selector.map(([name, value]) => `${name}: ${value}`).join(", ")}`,
      "Nobody listens on these ports",
      "Correct the labels, or install a gateway that has them",
    );
  },
});

/** Its ports are ports of the Service before these pods. */
export const gatewayPorts = rule({
  code: "PIL2114",
  alias: "IST0162",
  kinds: ["Gateway"],
  enforcement: "warn",
  summary: "the Service of a gateway has the ports of its Gateways",
  *check({ spec }, around): Iterable<Complaint> {
    const pods = selected(spec, around);
    if (pods.length === 0) return;
    const reached = new Set(pods.flatMap((pod) => reachedPorts(pod, around)));
    if (reached.has(anyPort)) return;
    for (const { value, path } of items(spec.servers, jsonPath("spec", "servers"))) {
      const { number } = value.port;
      if (reached.has(number)) continue;
      const ports = [...reached].toSorted((a, b) => a - b).join(", ");
      yield complaint(
        child(path, "port", "number"),
        `no Service of the gateway's pods has port ${number}${ports === "" ? "" : `, but ${ports}`}`,
        "The gateway listens there, and nobody comes through its Service",
        `Add port ${number} to the Service, or use one of its ports`,
      );
    }
  },
});

function selected({ selector = {} }: Gateway["spec"], { snapshot }: Around): readonly Workload[] {
  if (Object.keys(selector).length === 0) return [];
  return [...snapshot.workloads.values()].filter(({ labels }) => hasLabels(labels, selector));
}

/** Stands for a port that is named, and whose number the proxy's container keeps to itself. */
const anyPort = 0;

/** Ports of the Services that lead to a pod, and the ports of the pod that they lead to. */
function reachedPorts(pod: Workload, { snapshot }: Around): readonly number[] {
  const services = snapshot.servicesOfWorkload.get(`${pod.namespace}/${pod.name}`) ?? [];
  return services
    .flatMap(({ ports }) => ports)
    .filter(({ protocol }) => protocol !== "udp")
    .flatMap(({ number, targetPort }) => [number, portOf(pod, targetPort)]);
}

function portOf({ ports }: Workload, target: number | string): number {
  return typeof target === "number" ? target : (ports.find(({ name }) => name === target)?.number ?? anyPort);
}
