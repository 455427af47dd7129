// The container istio-proxy: Envoy itself, with everything it needs in its arguments.
import { proxyUserId, sidecarNames, sidecarPorts } from "../model/sidecar.ts";
import { bootstrapArgument, bootstrapVariables } from "./bootstrap.ts";
import { type Json, type JsonObject, objectAt } from "./json.ts";
import { mergeContainer } from "./merge.ts";
import type { PodOptions } from "./options.ts";
import { quantityValue } from "./quantity.ts";
import type { InjectorSettings } from "./settings.ts";
import { proxyVolumeMounts } from "./volumes.ts";

export interface ProxyRequest {
  readonly settings: InjectorSettings;
  readonly options: PodOptions;
  readonly template: "sidecar" | "gateway";
  /** The canonical service name. */
  readonly serviceName: string;
  /** The pod's own container of that name; an empty object where it has none. */
  readonly override: JsonObject;
}

/** Threads where neither limit nor request says how many processors there are. */
const defaultConcurrency = 2;

/** The proxy container of a pod, native sidecar or not, with the user's own fields over ours. */
export function proxyContainer(request: ProxyRequest): JsonObject {
  const { options, template, override } = request;
  const container = mergeContainer(
    {
      name: sidecarNames.proxyContainer,
      image: options.image,
      ...imagePullPolicy(request.settings),
      command: ["/usr/local/bin/envoy"],
      args: [],
      env: environment(request),
      ports: [{ containerPort: sidecarPorts.prometheus, name: "http-envoy-prom", protocol: "TCP" }],
      ...(template === "gateway" ? {} : { resources: options.resources }),
      securityContext,
      ...probes(request),
      ...lifecycle(request),
      volumeMounts: [...proxyVolumeMounts, ...options.volumeMounts],
      ...(template === "sidecar" && options.native ? { restartPolicy: "Always" } : {}),
    },
    override,
  );
  return override["args"] === undefined ? { ...container, args: arguments_(request, container) } : container;
}

/** `imagePullPolicy` where the operator chose one. */
export function imagePullPolicy(settings: InjectorSettings): JsonObject {
  return settings.imagePullPolicy === "" ? {} : { imagePullPolicy: settings.imagePullPolicy };
}

function arguments_({ settings, options, template }: ProxyRequest, container: JsonObject): Json[] {
  return [
    "--config-yaml",
    bootstrapArgument(settings, options.stats, template),
    "--disable-hot-restart",
    "--concurrency",
    String(options.concurrency > 0 ? options.concurrency : processors(objectAt(container, "resources"))),
    "--log-level",
    options.logLevel,
    ...(options.componentLogLevel === "" ? [] : ["--component-log-level", options.componentLogLevel]),
  ];
}

/** Whole processors that the container may use. */
function processors(resources: JsonObject): number {
  const given = objectAt(resources, "limits")["cpu"] ?? objectAt(resources, "requests")["cpu"];
  const count = Math.ceil(quantityValue(given) ?? defaultConcurrency);
  return Math.max(1, count === 0 ? defaultConcurrency : count);
}

const fromPod = (name: string, fieldPath: string): JsonObject => ({ name, valueFrom: { fieldRef: { fieldPath } } });

function environment({ options, serviceName }: ProxyRequest): Json[] {
  return [
    fromPod("POD_NAME", "metadata.name"),
    fromPod("POD_NAMESPACE", "metadata.namespace"),
    fromPod("INSTANCE_IP", "status.podIP"),
    { name: "SERVICE_NAME", value: serviceName },
    ...Object.entries(options.environment).flatMap(([name, value]) => (isOwn(name) ? [] : { name, value })),
  ];
}

const isOwn = (name: string): boolean => bootstrapVariables.some((own) => own === name);

const securityContext: JsonObject = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsGroup: proxyUserId,
  runAsNonRoot: true,
  runAsUser: proxyUserId,
};

const ready: JsonObject = { httpGet: { path: "/healthz/ready", port: sidecarPorts.health } };

/** The startup probe holds back what comes after a native sidecar; the readiness probe is for Services. */
function probes({ options: { readiness }, template }: ProxyRequest): JsonObject {
  const startupProbe = { ...ready, failureThreshold: 600, periodSeconds: 1, timeoutSeconds: 3 };
  const { initialDelaySeconds = 0, ...times } = readiness ?? {};
  const delay = initialDelaySeconds === 0 ? {} : { initialDelaySeconds };
  return {
    ...(template === "gateway" ? {} : { startupProbe }),
    ...(readiness === undefined ? {} : { readinessProbe: { ...ready, ...delay, ...times, timeoutSeconds: 3 } }),
  };
}

/**
 * A classic sidecar is told to stop together with its application, so it waits as long; one that must be ready first holds the
 * containers after it back. A native sidecar starts first and stops last by itself. A gateway goes on while its endpoint leaves.
 */
function lifecycle({ options, template }: ProxyRequest): JsonObject {
  if (template === "sidecar" && options.native) return {};
  const hold = template === "sidecar" && options.hold;
  const hooks: JsonObject = {
    ...(hold ? { postStart: { exec: { command: ["pilot-agent", "wait"] } } } : {}),
    ...(options.stopDelaySeconds > 0 ? { preStop: { sleep: { seconds: options.stopDelaySeconds } } } : {}),
  };
  return Object.keys(hooks).length === 0 ? {} : { lifecycle: hooks };
}
