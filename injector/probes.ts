// The kubelet has no certificate, so it asks the proxy, and the proxy asks the application. The pod carries what it asked before.
import {
  type ApplicationProbe,
  type HookName,
  hookPath,
  type ProbeName,
  type ProbeTable,
  probePath,
  sidecarPorts,
} from "../model/sidecar.ts";
import { type Json, type JsonObject, listAt, objectAt, textAt, withKeys } from "./json.ts";
import type { PodReport } from "./pod-findings.ts";

/** Something that the kubelet asks of a container: where it stands there, and what path it gets instead. */
interface Question {
  readonly field: string;
  /** Below the field `lifecycle`. Hooks by TCP are refused by the kubelet itself, and have no time limit. */
  readonly hook?: string;
  readonly path: (container: string) => string;
}

const probe = (field: string, name: ProbeName): Question => ({
  field,
  path: (container) => probePath(container, name),
});

const hook = (hook: string, name: HookName): Question => ({
  field: "lifecycle",
  hook,
  path: (container) => hookPath(container, name),
});

const questions: readonly Question[] = [
  probe("readinessProbe", "readyz"),
  probe("livenessProbe", "livez"),
  probe("startupProbe", "startupz"),
  hook("preStop", "prestopz"),
  hook("postStart", "poststartz"),
];

/** Kubernetes' default. */
const defaultTimeoutSeconds = 1;

/**
 * The container with its HTTP, TCP and gRPC probes and HTTP hooks sent to the proxy, and their originals by new path. What was
 * sent there before is left, and `known` (the table of the last time) keeps its original.
 */
export function rewriteProbes(
  container: JsonObject,
  known: ProbeTable,
  report: PodReport,
): { readonly container: JsonObject; readonly table: ProbeTable } {
  const name = textAt(container, "name");
  const table: Record<string, ProbeTable[string]> = {};
  const changes: Record<string, JsonObject> = {};
  for (const { field, hook, path: pathOf } of questions) {
    if (container[field] === undefined) continue;
    const path = pathOf(name);
    const asked = hook === undefined ? objectAt(container, field) : objectAt(container, field, hook);
    const earlier = known[path];
    const leave = (problem: string): void =>
      report.probeLeftAlone(name, hook === undefined ? field : `${field}.${hook}`, problem);
    if (goesToProxy(asked, path)) {
      if (earlier !== undefined) table[path] = earlier;
      else leave("goes to the proxy already, and no annotation tells what it asked before");
      continue;
    }
    const original = hook === undefined ? originalProbe(asked, container) : originalHook(asked, container);
    if (original === undefined) continue;
    if (typeof original === "string") {
      leave(original);
      continue;
    }
    table[path] = original;
    const httpGet = { path, port: sidecarPorts.probes };
    const rewritten = withKeys(asked, { httpGet, tcpSocket: undefined, grpc: undefined });
    changes[field] =
      hook === undefined ? rewritten : withKeys(changes[field] ?? objectAt(container, field), { [hook]: rewritten });
  }
  return { container: Object.keys(changes).length === 0 ? container : withKeys(container, changes), table };
}

const goesToProxy = (probe: JsonObject, path: string): boolean => {
  const request = objectAt(probe, "httpGet");
  return request["path"] === path && request["port"] === sidecarPorts.probes;
};

/** The hook as the control plane needs it; undefined and texts as for probes. */
function originalHook(asked: JsonObject, container: JsonObject): ApplicationProbe | string | undefined {
  return asked["httpGet"] === undefined ? undefined : httpProbe(objectAt(asked, "httpGet"), container, 0);
}

/** The probe as the control plane needs it; undefined: there is none to rewrite; a text: what is wrong with it. */
function originalProbe(probe: JsonObject, container: JsonObject): ApplicationProbe | string | undefined {
  const given = probe["timeoutSeconds"];
  const timeoutSeconds = typeof given === "number" && given > 0 ? given : defaultTimeoutSeconds;
  if (probe["httpGet"] !== undefined) return httpProbe(objectAt(probe, "httpGet"), container, timeoutSeconds);
  const handler = probe["tcpSocket"] === undefined ? "grpc" : "tcpSocket";
  if (probe[handler] === undefined) return undefined;
  const details = objectAt(probe, handler);
  if (handler === "tcpSocket" && textAt(details, "host") !== "") return undefined; // It asks another machine: no proxy is in between.
  const port = portNumber(details, container);
  if (typeof port === "string") return port;
  return handler === "grpc"
    ? { type: "grpc", port, service: textAt(details, "service"), timeoutSeconds }
    : { type: "tcp", port, timeoutSeconds };
}

function httpProbe(request: JsonObject, container: JsonObject, timeoutSeconds: number): ApplicationProbe | string {
  const port = portNumber(request, container);
  if (typeof port === "string") return port;
  const host = textAt(request, "host");
  return {
    type: "http",
    port,
    path: textAt(request, "path") || "/",
    https: request["scheme"] === "HTTPS",
    ...(host === "" ? {} : { host }),
    headers: listAt(request, "httpHeaders").map((one) => ({ name: textAt(one, "name"), value: textAt(one, "value") })),
    timeoutSeconds,
  };
}

/** A port's number; names are those of the container's own ports. A text says what is wrong. */
function portNumber(details: JsonObject, container: JsonObject): number | string {
  const given = details["port"];
  if (typeof given === "string" && !/^\d+$/.test(given)) {
    const named = listAt(container, "ports").find((one) => one["name"] === given)?.["containerPort"];
    return isPort(named) ? named : `names the port "${given}", which the container does not have`;
  }
  const port = typeof given === "string" ? Number(given) : given;
  return isPort(port) ? port : `names ${port === undefined ? "no port" : `port ${String(port)}, and there is none`}`;
}

const isPort = (port: Json | undefined): port is number =>
  typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536;
