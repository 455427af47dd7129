// Pods that several Services lead to. One port of a pod is one thing to its proxy.
import type { Deployment } from "../../api/deployment.ts";
import { refOf } from "../../api/object.ts";
import type { Service, ServicePort } from "../../api/service.ts";
import { jsonPath } from "../../base/json-path.ts";
import { selectedRevision } from "../../model/injection-labels.ts";
import { hasLabels } from "../../model/selection.ts";
import type { World } from "../../model/world.ts";
import { type Complaint, rule } from "../rule.ts";
import { injectsByDefault } from "./installation.ts";
import { namespaceOf, podOf } from "./pod-specs.ts";

/** A port of a Service with the Service. */
interface Claim {
  readonly service: Service;
  readonly port: ServicePort;
}

const path = jsonPath("spec", "template", "metadata", "labels");

/** Services that lead to one pod use a port number for one transport. */
export const sharedTransports = rule({
  code: "PIL5105",
  alias: "IST0116",
  kinds: ["Deployment"],
  enforcement: "warn",
  summary: "Services of one Deployment agree about the transport of a port",
  *check(object, { world }): Iterable<Complaint> {
    for (const [number, claims] of grouped(claimsOn(object, world), ({ port }) => String(port.port))) {
      const transports = distinct(claims, ({ port }) => port.protocol ?? "TCP");
      if (transports.length < 2) continue;
      yield told(
        claims,
        `port ${number} is ${transports.join(" and ")} in the Services ${namesOf(claims)}, which both lead here`,
        "The proxy carries TCP only: the rest goes past it, without mutual TLS and routes",
        "Give the two different port numbers",
      );
    }
  },
});

/** Services that lead to one port of a pod have the same number for it. */
export const sharedTargets = rule({
  code: "PIL5106",
  alias: "IST0137",
  kinds: ["Deployment"],
  enforcement: "warn",
  summary: "Services of one Deployment have one number for each of its ports",
  *check(object, { world }): Iterable<Complaint> {
    const claims = claimsOn(object, world);
    for (const [target, sharing] of grouped(claims, ({ port }) => String(port.targetPort ?? port.port))) {
      const numbers = distinct(sharing, ({ port }) => String(port.port));
      if (numbers.length < 2) continue;
      yield told(
        sharing,
        `port ${target} of the pods is port ${numbers.join(" and port ")} of the Services ${namesOf(sharing)}`,
        "Inbound requests of both are one to the proxy: their protocol and policies are those of one of the two",
        "Write the same port in both, or let each lead to a port of its own",
      );
    }
  },
});

/** The ports of Services that lead to the pods of a Deployment of the mesh. */
function claimsOn(deployment: Deployment, world: World): readonly Claim[] {
  const { metadata } = deployment;
  const { labels, hostNetwork } = podOf(deployment);
  const namespace = namespaceOf(world, metadata.namespace) ?? { name: metadata.namespace, labels: {} };
  if (hostNetwork || selectedRevision(labels, namespace, injectsByDefault(world)) === undefined) return [];
  return [...world.objects.Service.values()].flatMap((service) => {
    const { selector = {}, ports = [] } = service.spec;
    const isOwn = service.metadata.namespace === metadata.namespace && Object.keys(selector).length > 0;
    return isOwn && hasLabels(labels, selector) ? ports.map((port) => ({ service, port })) : [];
  });
}

function grouped(claims: readonly Claim[], keyOf: (claim: Claim) => string): ReadonlyMap<string, readonly Claim[]> {
  return new Map(distinct(claims, keyOf).map((key) => [key, claims.filter((claim) => keyOf(claim) === key)]));
}

function distinct(claims: readonly Claim[], of: (claim: Claim) => string): readonly string[] {
  return [...new Set(claims.map(of))];
}

function namesOf(claims: readonly Claim[]): string {
  return distinct(claims, ({ service }) => service.metadata.name).join(" and ");
}

function told(claims: readonly Claim[], problem: string, reason: string, fix: string): Complaint {
  const services = new Set(claims.map(({ service }) => service));
  return { path, problem, reason, fix, others: [...services].map(refOf) };
}
