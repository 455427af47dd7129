// Variables of a container as the kubelet makes them: literals, references to the pod, $(NAME) in values and arguments.
// @see https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
import { quantityValue } from "../injector/quantity.ts";
import { type ContainerSpec, type DataObject, type EnvVar, isRecord, type Pod } from "./objects.ts";

/** Where a pod's references lead. */
export interface Surroundings {
  readonly podAddress: string;
  readonly hostAddress: string;
  readonly nodeName: string;
  /** Whole processors and bytes that stand for a limit that is not set. */
  readonly capacity: { readonly cpu: number; readonly memory: number };
  configMap(name: string): DataObject | undefined;
  secret(name: string): DataObject | undefined;
}

/** Replace `$(NAME)` by its value; an unknown name stays as it is, and `$$` is a plain `$`. */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name?: string) => {
    return name === undefined ? "$" : (variables[name] ?? whole);
  });
}

/** All variables of a container, `base` (the image's) first; later ones may use earlier ones. */
export function environmentOf(
  pod: Pod,
  container: ContainerSpec,
  base: Readonly<Record<string, string>>,
  around: Surroundings,
): Record<string, string> {
  const variables: Record<string, string> = { ...base };
  for (const source of container.envFrom ?? []) {
    const data = source.configMapRef ? around.configMap(source.configMapRef.name) : undefined;
    const secret = source.secretRef ? around.secret(source.secretRef.name) : undefined;
    for (const [name, value] of Object.entries({ ...textsOf(data), ...textsOf(secret) })) {
      variables[`${source.prefix ?? ""}${name}`] = value;
    }
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(pod, container, variable, around);
    if (value !== undefined) variables[variable.name] = expand(value, variables);
  }
  return variables;
}

/** A field of the pod by the path of the downward API; "" where it is not set. */
export function fieldOf(pod: Pod, path: string, around: Surroundings): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed !== null) {
    return (keyed[1] === "labels" ? pod.metadata.labels : pod.metadata.annotations)?.[keyed[2] ?? ""] ?? "";
  }
  switch (path) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace;
    case "metadata.uid":
      return pod.metadata.uid ?? "";
    case "metadata.labels":
      return quoted(pod.metadata.labels);
    case "metadata.annotations":
      return quoted(pod.metadata.annotations);
    case "spec.nodeName":
      return around.nodeName;
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName ?? "default";
    case "status.podIP":
    case "status.podIPs":
      return around.podAddress;
    case "status.hostIP":
    case "status.hostIPs":
      return around.hostAddress;
    default:
      return "";
  }
}

/** `limits.cpu` and the like, in units of the divisor, rounded up; the machine's own size where no limit is set. */
export function resourceOf(
  container: ContainerSpec | undefined,
  reference: { readonly resource: string; readonly divisor?: string | number },
  around: Surroundings,
): string {
  const [list, kind = ""] = reference.resource.split(".");
  const set = (list === "requests" ? container?.resources?.requests : container?.resources?.limits)?.[kind];
  const fallback = kind === "cpu" ? around.capacity.cpu : kind === "memory" ? around.capacity.memory : 0;
  const divisor = quantityValue(reference.divisor) || 1;
  return String(Math.ceil((quantityValue(set) ?? fallback) / divisor));
}

/** The texts in a ConfigMap or Secret. */
export function textsOf(object: DataObject | undefined): Record<string, string> {
  if (object === undefined) return {};
  const plain = isRecord(object.data) ? object.data : {};
  const data = object.kind !== "Secret" ? plain : mapValues(plain, (v) => Buffer.from(v, "base64").toString("utf8"));
  return { ...data, ...object.stringData };
}

function variableValue(pod: Pod, container: ContainerSpec, variable: EnvVar, around: Surroundings): string | undefined {
  const from = variable.valueFrom;
  if (from === undefined) return variable.value === undefined ? "" : String(variable.value);
  if (from.fieldRef) return fieldOf(pod, from.fieldRef.fieldPath, around);
  if (from.resourceFieldRef) return resourceOf(container, from.resourceFieldRef, around);
  if (from.configMapKeyRef) return textsOf(around.configMap(from.configMapKeyRef.name))[from.configMapKeyRef.key];
  if (from.secretKeyRef) return textsOf(around.secret(from.secretKeyRef.name))[from.secretKeyRef.key];
  return undefined;
}

function quoted(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

function mapValues(
  record: Readonly<Record<string, unknown>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(String(value))]));
}
