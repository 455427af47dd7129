// A large mesh in memory: services with pods, as many rules as wanted.
import type { AnyObject } from "../../api/kinds.ts";
import { parse } from "../../api/parse.ts";
import { applyChanges, emptyWorld, type World } from "../../model/world.ts";

/** Namespaces of the mesh. */
const namespaceCount = 20;

export const namespaceOf = (service: number): string => `bench-${service % namespaceCount}`;
/** Where a service is called. */
export const portOf = (service: number): number => 8_000 + (Math.floor(service / namespaceCount) % 10);
export const hostOf = (service: number): string => `service-${service}.${namespaceOf(service)}.svc.cluster.local`;
export const podOf = (service: number, index: number): string => `service-${service}-${index}`;

/** The world of so many services with pods that have a sidecar. */
export function meshOf(size: { readonly services: number; readonly podsPerService: number }): World {
  const services = Array.from({ length: size.services }, (_, index) => index);
  const objects = services.flatMap((service) => [
    serviceObject(service),
    ...Array.from({ length: size.podsPerService }, (_, index) => podObject(service, index, size.podsPerService)),
  ]);
  return withObjects(emptyWorld(), objects);
}

/** A world with these objects, too. */
export function withObjects(world: World, objects: readonly AnyObject[]): World {
  return applyChanges(
    world,
    objects.map((object) => ({ type: "put", object })),
  );
}

/** The rule of a service; `timeoutSeconds` makes it another rule. */
export function ruleFor(service: number, timeoutSeconds: number): AnyObject {
  const host = `service-${service}`;
  return parsed({
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: host, namespace: namespaceOf(service) },
    spec: { hosts: [host], http: [{ route: [{ destination: { host } }], timeout: `${timeoutSeconds}s` }] },
  });
}

function serviceObject(service: number): AnyObject {
  const name = `service-${service}`;
  return parsed({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: namespaceOf(service), creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      clusterIP: `10.96.${service >> 8}.${service & 0xff}`,
      selector: { app: name },
      ports: [{ name: "http", port: portOf(service), targetPort: 8_080 }],
    },
  });
}

function podObject(service: number, index: number, podsPerService: number): AnyObject {
  const number = service * podsPerService + index;
  const app = `service-${service}`;
  return parsed({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podOf(service, index),
      namespace: namespaceOf(service),
      labels: { app, "security.istio.io/tlsMode": "istio" },
    },
    spec: { serviceAccountName: app, containers: [{ name: "app", ports: [{ containerPort: 8_080 }] }] },
    status: {
      phase: "Running",
      podIP: `10.244.${number >> 8}.${number & 0xff}`,
      conditions: [{ type: "Ready", status: "True" }],
    },
  });
}

function parsed(document: object): AnyObject {
  const result = parse(document, { defaultNamespace: "default" });
  if (result.type !== "object") throw new Error(JSON.stringify(result));
  return result.object;
}
