// What the tests of the registry do to a cluster, and what the cluster then holds.

import { crdFor } from "../../api/crd.ts";
import { apiVersionsOf } from "../../api/kind-description.ts";
import { type AnyObject, descriptions, type Kind, kinds } from "../../api/kinds.ts";
import { isJsonObject, type JsonObject } from "../../api/normalize.ts";
import { parse } from "../../api/parse.ts";
import type { World } from "../../model/world.ts";
import type { ApiClient, ApiRequest, ApiResponse } from "../../registry/kubernetes/api-client.ts";
import { resourceOf, watchedKinds } from "../../registry/kubernetes/resources.ts";

/** Objects by "Kind namespace/name", sorted, without the versions that the World may leave behind. */
export type Plain = Readonly<Record<string, unknown>>;

const meshConfig = { namespace: "istio-system", name: "istio" };
const account = { namespace: "default", name: "registry" };

/** All objects of a World. */
export function objectsOf(world: World): Plain {
  return plain(kinds.flatMap((kind): AnyObject[] => [...world.objects[kind].values()]));
}

/** Makes objects as an administrator, without going through the proxy. */
export class Cluster {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  close(): void {
    this.#client.close();
  }

  /** What the API server stores of all kinds that are followed, as the mesh reads it. */
  async stored(): Promise<Plain> {
    const lists = await Promise.all(watchedKinds.map((kind) => this.#list(kind)));
    return plain(lists.flat());
  }

  /** Create or replace an object. */
  async put(kind: Kind, namespace: string, name: string, body: object): Promise<void> {
    const [apiVersion] = apiVersionsOf(descriptions[kind]);
    const object = { apiVersion, kind, metadata: { namespace, name }, ...body };
    const query = { fieldManager: "test", force: true };
    const contentType = "application/apply-patch+yaml";
    await this.ask({ method: "PATCH", path: pathOf(kind, namespace, name), query, contentType, body: object });
  }

  async remove(kind: Kind, namespace: string, name: string): Promise<void> {
    const query = { gracePeriodSeconds: 0 };
    await this.ask({ method: "DELETE", path: pathOf(kind, namespace, name), query }, [404]);
  }

  async patchStatus(kind: Kind, namespace: string, name: string, status: object): Promise<void> {
    const path = `${pathOf(kind, namespace, name)}/status`;
    await this.ask({ method: "PATCH", path, contentType: "application/merge-patch+json", body: { status } });
  }

  async namespace(name: string): Promise<void> {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await this.ask({ method: "POST", path: "/api/v1/namespaces", body }, [409]);
  }

  /** The token of a service account that may read everything but this resource. */
  async accountWithout(resource: string): Promise<string> {
    const { namespace, name } = account;
    await this.ask(
      { method: "POST", path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: { metadata: account } },
      [409],
    );
    for (const kind of watchedKinds) {
      const { group, plural } = descriptions[kind];
      if (plural !== resource) await this.#grant(plural, group);
    }
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const { body } = await this.ask({ method: "POST", path, body: { spec: {} } });
    const status = isJsonObject(body) ? body["status"] : undefined;
    return String(isJsonObject(status) ? status["token"] : "");
  }

  /** Let that service account read a resource of the core group. */
  async grant(resource: string): Promise<void> {
    await this.#grant(resource, "");
  }

  async ask(request: Omit<ApiRequest, "signal">, alsoGood: readonly number[] = []): Promise<ApiResponse> {
    const answer = await this.#client.request({ ...request, signal: new AbortController().signal });
    if (answer.status === 429) {
      // An API server that has just started asks for patience.
      await new Promise((resolve) => setTimeout(resolve, 200));
      return this.ask(request, alsoGood);
    }
    if (answer.status < 300 || alsoGood.includes(answer.status)) return answer;
    throw new Error(`${request.method} ${request.path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async #grant(resource: string, group: string): Promise<void> {
    const path = "/apis/rbac.authorization.k8s.io/v1";
    const metadata = { name: `registry-${resource}` };
    const rules = [{ apiGroups: [group], resources: [resource], verbs: ["list", "watch"] }];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name };
    const subjects = [{ kind: "ServiceAccount", ...account }];
    await this.ask({ method: "POST", path: `${path}/clusterroles`, body: { metadata, rules } }, [409]);
    await this.ask(
      { method: "POST", path: `${path}/clusterrolebindings`, body: { metadata, roleRef, subjects } },
      [409],
    );
  }

  async #list(kind: Kind): Promise<readonly AnyObject[]> {
    const { paths, fieldSelector } = resourceOf(kind, meshConfig);
    const { status, body } = await this.ask({ method: "GET", path: paths[0], query: { fieldSelector } }, [404]);
    const items = status === 200 && isJsonObject(body) ? body["items"] : [];
    const [apiVersion] = apiVersionsOf(descriptions[kind]);
    return (Array.isArray(items) ? items : []).filter(isJsonObject).flatMap((item: JsonObject) => {
      const parsed = parse({ ...item, apiVersion, kind }, { defaultNamespace: "default" });
      return parsed.type === "object" ? [parsed.object] : [];
    });
  }
}

/** Install the CRDs of all kinds, and wait until they are served. */
export async function installCrds(cluster: Cluster): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const meshKinds = kinds.filter((kind) => descriptions[kind].meshKind);
  for (const kind of meshKinds) await cluster.ask({ method: "POST", path, body: crdFor(descriptions[kind]) }, [409]);
  for (const kind of meshKinds) {
    while (
      (await cluster.ask({ method: "GET", path: resourceOf(kind, meshConfig).paths[0] }, [404, 503])).status !== 200
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function pathOf(kind: Kind, namespace: string, name: string): string {
  const { group, versions, plural } = descriptions[kind];
  return `/${group === "" ? "api" : `apis/${group}`}/${versions[0]}/namespaces/${namespace}/${plural}/${name}`;
}

function plain(objects: readonly AnyObject[]): Plain {
  const entries = objects.map((object): [string, unknown] => {
    const { namespace, name } = object.metadata;
    return [
      `${object.kind} ${namespace}/${name}`,
      { ...object, metadata: { ...object.metadata, resourceVersion: "" } },
    ];
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
