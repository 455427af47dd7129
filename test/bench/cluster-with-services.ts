// A cluster as a control plane finds it: services with pods behind them, written straight to the API server.
import { type ApiClient, createApiClient } from "../../registry/kubernetes/api-client.ts";
import type { ApiServer } from "../apiserver/api-server.ts";
import { prepare } from "../apiserver/control-plane-process.ts";

/** How much there is to be. */
export interface Size {
  readonly services: number;
  readonly podsPerService: number;
  readonly namespaces: number;
  readonly virtualServices: number;
}

/** Requests under way at once. */
const together = 32;

/** Write it all; resolves when the API server has it. */
export async function fill(cluster: ApiServer, size: Size): Promise<void> {
  await prepare(cluster);
  const client = await createApiClient({ kubeconfig: cluster.kubeconfigFile });
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
  const namespaceOf = (service: number): string => `bench-${service % size.namespaces}`;
  await each(numbers(size.namespaces), (index) =>
    create(client, "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespaceOf(index) },
    }),
  );
  await each(numbers(size.services), (index) => createService(client, namespaceOf(index), index));
  await each(numbers(size.services * size.podsPerService), (pod) => {
    const service = pod % size.services;
    return createPod(client, namespaceOf(service), service, pod);
  });
  await each(numbers(size.virtualServices), (index) => createVirtualService(client, namespaceOf(index), index));
  client.close();
}

/** A rule for one service; `timeoutSeconds` makes it another rule. */
export function virtualService(namespace: string, index: number, timeoutSeconds = 5) {
  const host = `service-${index}`;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: host, namespace },
    spec: { hosts: [host], http: [{ route: [{ destination: { host } }], timeout: `${timeoutSeconds}s` }] },
  };
}

function createVirtualService(client: ApiClient, namespace: string, index: number): Promise<void> {
  const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices`;
  return create(client, path, virtualService(namespace, index));
}

async function createService(client: ApiClient, namespace: string, index: number): Promise<void> {
  const name = `service-${index}`;
  const ports = [{ name: "http", port: 8_000 + (index % 20), targetPort: 8_080 }];
  await create(client, `/api/v1/namespaces/${namespace}/services`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels: { app: name } },
    spec: { selector: { app: name }, ports },
  });
  await create(client, `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8_080, protocol: "TCP" }],
    endpoints: [{ addresses: [`10.200.${index >> 8}.${index & 0xff}`], conditions: { ready: true } }],
  });
}

async function createPod(client: ApiClient, namespace: string, service: number, index: number): Promise<void> {
  const name = `pod-${index}`;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const labels = { app: `service-${service}`, "security.istio.io/tlsMode": "istio" };
  const container = { name: "app", image: "app", ports: [{ name: "http", containerPort: 8_080 }] };
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: { nodeName: "node-1", containers: [container, { name: "istio-proxy", image: "proxy" }] },
  };
  await create(client, path, object);
  const podIP = `10.244.${index >> 8}.${index & 0xff}`;
  const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions: [{ type: "Ready", status: "True" }] };
  const answer = await client.request({
    method: "PUT",
    path: `${path}/${name}/status`,
    body: { ...object, status },
    signal: AbortSignal.timeout(60_000),
  });
  if (answer.status >= 300) throw new Error(`status of ${name}: ${JSON.stringify(answer.body)}`);
}

async function create(client: ApiClient, path: string, body: object): Promise<void> {
  const answer = await client.request({ method: "POST", path, body, signal: AbortSignal.timeout(60_000) });
  if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: together }, worker));
}
