// The few Kubernetes objects that the sandbox plays cluster for, as far as it reads them.
import { PillionError } from "../base/error.ts";

export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly generateName?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** An object of any kind, as it stands in a file. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: Readonly<Record<string, unknown>>;
}

export interface Deployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata?: Partial<ObjectMeta>; readonly spec: PodSpec };
  };
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly targetPort?: number | string;
      readonly protocol?: string;
    }[];
  };
}

/** A ConfigMap or a Secret. */
export interface DataObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

export interface PodSpec {
  readonly containers: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly volumes?: readonly VolumeSpec[];
  readonly serviceAccountName?: string;
  readonly restartPolicy?: "Always" | "OnFailure" | "Never";
  /** Seconds; 30 by default. */
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: SecurityContext;
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[];
}

export interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly privileged?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
}

export interface ContainerSpec {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly {
    readonly prefix?: string;
    readonly configMapRef?: OptionalName;
    readonly secretRef?: OptionalName;
  }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly resources?: {
    readonly limits?: Readonly<Record<string, string | number>>;
    readonly requests?: Readonly<Record<string, string | number>>;
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
  readonly readinessProbe?: ProbeSpec;
  readonly livenessProbe?: ProbeSpec;
  readonly startupProbe?: ProbeSpec;
  readonly lifecycle?: { readonly preStop?: HookSpec };
  /** "Always" on an init container makes it a native sidecar. */
  readonly restartPolicy?: "Always";
  readonly securityContext?: SecurityContext;
}

interface OptionalName {
  readonly name: string;
  readonly optional?: boolean;
}
interface KeyOf extends OptionalName {
  readonly key: string;
}
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly resourceFieldRef?: { readonly resource: string; readonly divisor?: string | number };
    readonly configMapKeyRef?: KeyOf;
    readonly secretKeyRef?: KeyOf;
  };
}

export interface HttpAction {
  readonly path?: string;
  readonly port: number | string;
  readonly host?: string;
  readonly scheme?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
}
export interface HookSpec {
  readonly exec?: { readonly command: readonly string[] };
  readonly httpGet?: HttpAction;
  readonly sleep?: { readonly seconds: number };
}
export interface ProbeSpec {
  readonly httpGet?: HttpAction;
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly exec?: { readonly command: readonly string[] };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

interface KeyItems {
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly optional?: boolean;
}
export interface ProjectedSource {
  readonly serviceAccountToken?: {
    readonly audience?: string;
    readonly path: string;
    readonly expirationSeconds?: number;
  };
  readonly configMap?: KeyItems & { readonly name: string };
  readonly secret?: KeyItems & { readonly name: string };
  readonly downwardAPI?: DownwardFiles;
}
interface DownwardFiles {
  readonly items?: readonly {
    readonly path: string;
    readonly fieldRef?: { readonly fieldPath: string };
    readonly resourceFieldRef?: {
      readonly containerName?: string;
      readonly resource: string;
      readonly divisor?: string | number;
    };
  }[];
}
export interface VolumeSpec {
  readonly name: string;
  readonly emptyDir?: object;
  readonly configMap?: KeyItems & { readonly name: string };
  readonly secret?: KeyItems & { readonly secretName: string };
  readonly projected?: { readonly sources?: readonly ProjectedSource[] };
  readonly downwardAPI?: DownwardFiles;
}

/** "namespace/name". */
export function keyOf(object: { readonly metadata: { readonly namespace: string; readonly name: string } }): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

/** Kinds that belong to no namespace, of those that the sandbox meets. */
const clusterScoped: ReadonlySet<string> = new Set([
  "Namespace",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "GatewayClass",
]);

/** The object in this document, in namespace `default` where it names none; undefined when it is no Kubernetes object. */
export function parseObject(document: unknown): KubeObject | undefined {
  if (!isRecord(document) || typeof document["apiVersion"] !== "string" || typeof document["kind"] !== "string")
    return undefined;
  const metadata = document["metadata"];
  if (!isRecord(metadata) || typeof metadata["name"] !== "string") return undefined;
  const named = typeof metadata["namespace"] === "string" && metadata["namespace"] !== "";
  const namespace = clusterScoped.has(document["kind"]) ? "" : named ? metadata["namespace"] : "default";
  // Checked above as far as every kind goes; what only some kinds have is optional in their types.
  return { ...document, metadata: { ...metadata, namespace } } as unknown as KubeObject;
}

/**
 * The pod in this value, after a webhook patched it.
 * @throws {PillionError} SANDBOX_POD when it has no containers with names.
 */
export function parsePod(value: unknown): Pod {
  const pod = isRecord(value) ? value : {};
  if (isRecord(pod["metadata"]) && hasContainers(pod["spec"])) return pod as unknown as Pod;
  throw new PillionError("SANDBOX_POD", {
    problem: "A pod has no list of named containers",
    fix: "Look at spec.containers of its manifest, and at what the webhook made of it",
  });
}

/** Whether this is a Deployment with a pod template that can run. */
export function isDeployment(object: KubeObject): object is Deployment {
  if (object.kind !== "Deployment" || !isRecord(object)) return false;
  const spec: unknown = object["spec"];
  return isRecord(spec) && isRecord(spec["template"]) && hasContainers(spec["template"]["spec"]);
}

/** Whether this is a pod that can run. */
export function isPod(object: KubeObject): object is Pod {
  return object.kind === "Pod" && isRecord(object) && hasContainers(object["spec"]);
}

/** Whether this is a Service. */
export function isService(object: KubeObject): object is Service {
  return object.kind === "Service" && object.apiVersion === "v1" && isRecord(object) && isRecord(object["spec"]);
}

function hasContainers(spec: unknown): boolean {
  const containers = isRecord(spec) ? spec["containers"] : undefined;
  return (
    Array.isArray(containers) &&
    containers.length > 0 &&
    containers.every((item) => isRecord(item) && typeof item["name"] === "string")
  );
}

/** Whether a value is an object with named fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
