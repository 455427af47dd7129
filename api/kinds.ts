// The list of kinds that the mesh reads. A new kind is one file and one line in each of the two tables below.

import { type AuthorizationPolicy, authorizationPolicyKind } from "./authorization-policy.ts";
import { type ConfigMap, configMapKind } from "./config-map.ts";
import { type Deployment, deploymentKind } from "./deployment.ts";
import { type DestinationRule, destinationRuleKind } from "./destination-rule.ts";
import { type EndpointSlice, endpointSliceKind } from "./endpoint-slice.ts";
import { type EnvoyFilter, envoyFilterKind } from "./envoy-filter.ts";
import { type Gateway, gatewayKind } from "./gateway.ts";
import type { KindDescription } from "./kind-description.ts";
import { type Namespace, namespaceKind } from "./namespace.ts";
import { type Node, nodeKind } from "./node.ts";
import { type PeerAuthentication, peerAuthenticationKind } from "./peer-authentication.ts";
import { type Pod, podKind } from "./pod.ts";
import { type ProxyConfig, proxyConfigKind } from "./proxy-config.ts";
import { type ReplicaSet, replicaSetKind } from "./replica-set.ts";
import { type RequestAuthentication, requestAuthenticationKind } from "./request-authentication.ts";
import { type Service, serviceKind } from "./service.ts";
import { type ServiceAccount, serviceAccountKind } from "./service-account.ts";
import { type ServiceEntry, serviceEntryKind } from "./service-entry.ts";
import { type Sidecar, sidecarKind } from "./sidecar.ts";
import { type Telemetry, telemetryKind } from "./telemetry.ts";
import { type TrafficExtension, trafficExtensionKind } from "./traffic-extension.ts";
import { type VirtualService, virtualServiceKind } from "./virtual-service.ts";
import { type WasmPlugin, wasmPluginKind } from "./wasm-plugin.ts";
import { type WorkloadEntry, workloadEntryKind } from "./workload-entry.ts";
import { type WorkloadGroup, workloadGroupKind } from "./workload-group.ts";

/** The type of the objects of each kind. */
export interface Kinds {
  VirtualService: VirtualService;
  DestinationRule: DestinationRule;
  Gateway: Gateway;
  ServiceEntry: ServiceEntry;
  Sidecar: Sidecar;
  WorkloadEntry: WorkloadEntry;
  WorkloadGroup: WorkloadGroup;
  EnvoyFilter: EnvoyFilter;
  ProxyConfig: ProxyConfig;
  PeerAuthentication: PeerAuthentication;
  RequestAuthentication: RequestAuthentication;
  AuthorizationPolicy: AuthorizationPolicy;
  Telemetry: Telemetry;
  WasmPlugin: WasmPlugin;
  TrafficExtension: TrafficExtension;
  Namespace: Namespace;
  Service: Service;
  ServiceAccount: ServiceAccount;
  Pod: Pod;
  ConfigMap: ConfigMap;
  Deployment: Deployment;
  ReplicaSet: ReplicaSet;
  EndpointSlice: EndpointSlice;
  Node: Node;
}

/** The name of a kind that the mesh reads. */
export type Kind = keyof Kinds;
/** An object of kind `K`. */
export type ObjectOf<K extends Kind> = Kinds[K];
/** An object of any kind, told apart by `kind`. */
export type AnyObject = Kinds[Kind];

/** What is known about each kind. */
export const descriptions: { readonly [K in Kind]: KindDescription<K> } = {
  VirtualService: virtualServiceKind,
  DestinationRule: destinationRuleKind,
  Gateway: gatewayKind,
  ServiceEntry: serviceEntryKind,
  Sidecar: sidecarKind,
  WorkloadEntry: workloadEntryKind,
  WorkloadGroup: workloadGroupKind,
  EnvoyFilter: envoyFilterKind,
  ProxyConfig: proxyConfigKind,
  PeerAuthentication: peerAuthenticationKind,
  RequestAuthentication: requestAuthenticationKind,
  AuthorizationPolicy: authorizationPolicyKind,
  Telemetry: telemetryKind,
  WasmPlugin: wasmPluginKind,
  TrafficExtension: trafficExtensionKind,
  Namespace: namespaceKind,
  Service: serviceKind,
  ServiceAccount: serviceAccountKind,
  Pod: podKind,
  ConfigMap: configMapKind,
  Deployment: deploymentKind,
  ReplicaSet: replicaSetKind,
  EndpointSlice: endpointSliceKind,
  Node: nodeKind,
};

/** All kinds that the mesh reads. */
export const kinds: readonly Kind[] = Object.keys(descriptions).filter(isKind);

/** Those of Istio's groups, which users write for the mesh. */
export const meshKinds: readonly Kind[] = kinds.filter((kind) => descriptions[kind].meshKind);

/** Whether the mesh reads objects of a kind of that name. */
export function isKind(name: string): name is Kind {
  return Object.hasOwn(descriptions, name);
}
