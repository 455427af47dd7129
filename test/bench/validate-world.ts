// The worlds of `npm run bench:validate`: services with subsets, rules for the mesh, and rules for hosts of gateways.
import type { AnyObject } from "../../api/kinds.ts";
import { parse } from "../../api/parse.ts";
import { applyChanges, emptyWorld, type World } from "../../model/world.ts";

/** How large a world is. Every service has a DestinationRule with subsets; half of the rules are for gateways' hosts. */
export interface WorldSize {
  readonly namespaces: number;
  readonly services: number;
  readonly virtualServices: number;
}

/** A document as a user writes it. */
export interface Document {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly creationTimestamp?: string };
  readonly spec: object;
}

/** So many rules on a host of a gateway, each for a path of its own. */
const rulesOfHost = 4;
/** One gateway for all teams takes the first half of the hosts; the others have one for each namespace. */
const sharedGateway = "istio-ingress/public";

/** The world, with rules stored for all mesh hosts but the last tenth of the services. */
export function worldOf(size: WorldSize): World {
  const namespaces = Array.from({ length: size.namespaces }, (_, index) => namespaceOf(index, size));
  const services = Array.from({ length: size.services }, (_, index) => index);
  const onMesh = meshRules(size);
  const documents = [
    gateway("istio-ingress", "public"),
    ...namespaces.map((namespace) => gateway(namespace, "edge")),
    ...services.flatMap((service) => [serviceDocument(service, size), subsetsOf(service, size)]),
    ...services.slice(0, onMesh).map((service) => meshRule(service, size)),
    ...Array.from({ length: size.virtualServices - onMesh }, (_, index) => gatewayRule(index, size)),
  ];
  return stored(emptyWorld(), documents.map(bornEarlier));
}

/** As the API server stores it: a day of January, by its name. */
export function bornEarlier(document: Document): Document {
  const hash = [...document.metadata.name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 31, 0);
  const creationTimestamp = `2026-01-${String(hash + 1).padStart(2, "0")}T00:00:00Z`;
  return { ...document, metadata: { ...document.metadata, creationTimestamp } };
}

/** A world in which these documents are stored, too. */
export function stored(world: World, documents: readonly Document[]): World {
  return applyChanges(
    world,
    documents.map((document) => ({ type: "put", object: read(document) })),
  );
}

/** How many services have a rule. */
export function meshRules({ services, virtualServices }: WorldSize): number {
  return Math.min(Math.floor(services * 0.9), Math.floor(virtualServices / 2));
}

/**
 * The rule for a service's callers: a header leads to the second subset, the rest is split.
 * @param timeoutSeconds - makes it another rule.
 */
export function meshRule(
  service: number,
  size: WorldSize,
  { name = `service-${service}`, timeoutSeconds = 5 } = {},
): Document {
  const host = `service-${service}`;
  const to = (subset: string, weight: number) => ({ destination: { host, subset }, weight });
  return virtualService(namespaceOf(service, size), name, {
    hosts: [host],
    http: [
      {
        match: [{ headers: { "end-user": { exact: "jason" } } }],
        route: [to("v2", 100)],
        timeout: `${timeoutSeconds}s`,
      },
      {
        match: [{ uri: { prefix: "/api/" } }, { uri: { regex: "/v[0-9]+/.*" } }],
        route: [to("v1", 90), to("v2", 10)],
        retries: { attempts: 3, perTryTimeout: "2s", retryOn: "5xx,reset" },
      },
      { route: [to("v1", 100)] },
    ],
  });
}

/** A rule for a path of a host that a gateway serves. */
export function gatewayRule(index: number, size: WorldSize): Document {
  const app = Math.floor(index / rulesOfHost);
  const namespace = namespaceOf(app, size);
  const prefix = `/part-${index % rulesOfHost}`;
  return virtualService(namespace, `app-${app}-${index % rulesOfHost}`, {
    hosts: [`app-${app}.example.com`],
    gateways: [app % 2 === 0 ? sharedGateway : "edge"],
    http: [
      {
        match: [{ uri: { prefix: `${prefix}/` } }, { uri: { exact: prefix } }],
        rewrite: { uri: "/" },
        route: [{ destination: { host: `service-${app % size.services}.${namespace}.svc.cluster.local` } }],
      },
    ],
  });
}

function namespaceOf(index: number, { namespaces }: WorldSize): string {
  return `team-${index % namespaces}`;
}

function virtualService(namespace: string, name: string, spec: object): Document {
  return { apiVersion: "networking.istio.io/v1", kind: "VirtualService", metadata: { name, namespace }, spec };
}

function gateway(namespace: string, name: string): Document {
  const servers = [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*.example.com"] }];
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "Gateway",
    metadata: { name, namespace },
    spec: { selector: { istio: name === "public" ? "ingressgateway" : namespace }, servers },
  };
}

function serviceDocument(service: number, size: WorldSize): Document {
  const name = `service-${service}`;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: namespaceOf(service, size) },
    spec: {
      clusterIP: `10.96.${service >> 8}.${service & 0xff}`,
      selector: { app: name },
      ports: [{ name: "http", port: 8_080 }],
    },
  };
}

function subsetsOf(service: number, size: WorldSize): Document {
  const name = `service-${service}`;
  const subsets = ["v1", "v2"].map((version) => ({ name: version, labels: { version } }));
  const trafficPolicy = { connectionPool: { tcp: { maxConnections: 100 } } };
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: { name, namespace: namespaceOf(service, size) },
    spec: { host: name, trafficPolicy, subsets },
  };
}

function read(document: Document): AnyObject {
  const result = parse(document, { defaultNamespace: "default" });
  if (result.type !== "object") throw new Error(JSON.stringify(result));
  return result.object;
}
