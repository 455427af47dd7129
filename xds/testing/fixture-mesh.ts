// A mesh of plain words for tests of this room: resources are strings, needs are written out.
import { createHash } from "node:crypto";
import { type EncodedResource, type ResourceName, type TypeUrl, typeUrls } from "../../envoy/resource.ts";
import type { Translator } from "../../envoy/translator.ts";
import { buildSnapshot } from "../../model/build.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { emptyWorld } from "../../model/world.ts";
import type { WantedSource } from "../wanted.ts";

export const proxy = { type: "sidecar", namespace: "shop", pod: "web-1", address: "10.0.0.1" } as const;

/** What there is, to be changed as a test goes on. */
export interface FixtureMesh {
  /** By type and name. */
  put(type: TypeUrl, name: string, content: string, needs?: readonly ResourceName[]): EncodedResource;
  remove(type: TypeUrl, name: string): void;
  get(type: TypeUrl, name: string): EncodedResource | undefined;
  readonly eager: ResourceName[];
  /** The full table. */
  readonly every: ResourceName[];
  readonly translator: Translator;
  readonly source: WantedSource;
  readonly snapshot: Snapshot;
}

/** Hosts may be asked for as "80/web", "80/web:80" and so on: what follows a colon is not part of the name. */
export function newFixtureMesh(): FixtureMesh {
  const resources = new Map<string, EncodedResource>();
  const eager: ResourceName[] = [];
  const every: ResourceName[] = [];
  const get = (type: TypeUrl, name: string): EncodedResource | undefined => resources.get(`${type} ${name}`);
  const snapshot = buildSnapshot(emptyWorld());
  const translator: Translator = {
    knows: () => true,
    everyHost: () => every,
    eager: () => eager,
    resource: (_snapshot, _proxy, type, name) => (type === typeUrls.secret ? undefined : get(type, name)),
    virtualHostName: (_snapshot, _proxy, asked) => asked.replace(/:.*/, ""),
  };
  return {
    put(type, name, content, needs = []) {
      const bytes = Buffer.from(`${name} ${content}`);
      const version = createHash("sha256").update(bytes).update(JSON.stringify(needs)).digest("hex").slice(0, 12);
      const known = get(type, name);
      if (known?.version === version) return known;
      const provenance = [{ kind: "VirtualService", namespace: "shop", name }];
      const resource: EncodedResource = { type, name, version, bytes, needs, provenance };
      resources.set(`${type} ${name}`, resource);
      return resource;
    },
    remove: (type, name) => void resources.delete(`${type} ${name}`),
    get,
    eager,
    every,
    translator,
    source: { snapshot, translator, proxy, fullTable: () => false, secret: (name) => get(typeUrls.secret, name) },
    snapshot,
  };
}

export const clusterNamed = (name: string): ResourceName => ({ type: typeUrls.cluster, name });

/** A cluster with its endpoints and the certificate that it presents. */
export function putCluster(mesh: FixtureMesh, name: string, content = "one"): void {
  const needs = [
    { type: typeUrls.endpoints, name },
    { type: typeUrls.secret, name: "default" },
  ];
  mesh.put(typeUrls.cluster, name, content, needs);
  if (mesh.get(typeUrls.endpoints, name) === undefined) mesh.put(typeUrls.endpoints, name, "10.0.0.9");
}

/** A virtual host that names these clusters. */
export function putHost(mesh: FixtureMesh, name: string, ...clusters: readonly string[]): void {
  mesh.put(typeUrls.virtualHost, name, clusters.join("+"), clusters.map(clusterNamed));
}

/** One listener, whose route configuration "80" has its hosts on demand, and a certificate. */
export function newSidecarMesh(): FixtureMesh {
  const mesh = newFixtureMesh();
  mesh.put(typeUrls.listener, "outbound", "", [{ type: typeUrls.route, name: "80" }]);
  mesh.put(typeUrls.route, "80", "");
  mesh.put(typeUrls.secret, "default", "certificate 1");
  mesh.eager.push({ type: typeUrls.listener, name: "outbound" });
  return mesh;
}
