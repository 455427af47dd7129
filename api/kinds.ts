// The list of kinds that the mesh reads. A new kind is one file and one line in each of the two tables below.
import { type ConfigMap, configMapKind } from "./config-map.ts";
import { type Deployment, deploymentKind } from "./deployment.ts";
import { type DestinationRule, destinationRuleKind } from "./destination-rule.ts";
import { type EndpointSlice, endpointSliceKind } from "./endpoint-slice.ts";
import { type Gateway, gatewayKind } from "./gateway.ts";
import type { KindDescription } from "./kind-description.ts";
import { type Namespace, namespaceKind } from "./namespace.ts";
import { type Node, nodeKind } from "./node.ts";
import { type PeerAuthentication, peerAuthenticationKind } from "./peer-authentication.ts";
import { type Pod, podKind } from "./pod.ts";
import { type ReplicaSet, replicaSetKind } from "./replica-set.ts";
import { type Service, serviceKind } from "./service.ts";
import { type ServiceAccount, serviceAccountKind } from "./service-account.ts";
import { type ServiceEntry, serviceEntryKind } from "./service-entry.ts";
import { type VirtualService, virtualServiceKind } from "./virtual-service.ts";

/** The type of the objects of each kind. */
export interface Kinds {
  VirtualService: VirtualService;
  DestinationRule: DestinationRule;
  Gateway: Gateway;
  ServiceEntry: ServiceEntry;
  PeerAuthentication: PeerAuthentication;
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
  PeerAuthentication: peerAuthenticationKind,
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

/** Whether the mesh reads objects of a kind of that name. */
export function isKind(name: string): name is Kind {
  return Object.hasOwn(descriptions, name);
}
