// POST /inject: a pod that is to be created, and the patch that puts its proxy into it.
import { hasErrors } from "../base/finding.ts";
import { decide, decideUnselected, type NamespaceFacts } from "../injector/decide.ts";
import { inject } from "../injector/inject.ts";
import { objectAt, textAt } from "../injector/json.ts";
import { patchOf } from "../injector/patch.ts";
import { podRef } from "../injector/pod.ts";
import { notInjected } from "../injector/pod-findings.ts";
import type { InjectorSettings } from "../injector/settings.ts";
import type { AdmissionRequest } from "./admission.ts";
import { type AdmissionResponse, allowed, denied, errored, patched } from "./response.ts";

export interface InjectDeps {
  /** The settings of now; the same object as long as nothing changed. */
  readonly settings: () => InjectorSettings;
  /** Labels and annotations of a namespace; empty ones where it is not known. */
  readonly namespace: (name: string) => NamespaceFacts;
  /**
   * Who looks at the labels of namespace and pod: "api-server" by the selectors of the webhook configuration (then its choice
   * holds, because our own view may be older), "webhook" where there is no API server.
   */
  readonly selection: "api-server" | "webhook";
}

/** The answer for one pod. Nothing is kept, so a dry run gets the same. */
export function injectPod(request: AdmissionRequest, deps: InjectDeps, settings = deps.settings()): AdmissionResponse {
  const pod = request.object;
  if (request.kind !== "Pod" || pod === undefined)
    return errored(400, `Only pods are injected here, and this is "${request.kind}".`);
  if (request.operation !== "CREATE") return allowed();
  const name = request.namespace || textAt(objectAt(pod, "metadata"), "namespace") || "default";
  const namespace = deps.namespace(name);
  const decision =
    deps.selection === "webhook" ? decide(pod, namespace, settings) : decideUnselected(pod, name, settings);
  if (!decision.inject) return allowed([notInjected(podRef(pod, name), decision)]);
  const injection = inject(pod, namespace, settings);
  if (hasErrors(injection.findings)) return denied(injection.findings);
  return patched(patchOf(pod, injection.pod), injection.findings);
}

/** Different pairs of cluster and network that are remembered; each is a cluster of the mesh. */
const variantLimit = 64;

/**
 * Settings with what the webhook's URL says about the cluster that calls: `/inject/cluster/west/net/vpc-1`. "--slash--" stands
 * for a slash in a value. The same settings and URL give the same object, so that what is built from it is built once.
 */
export function settingsForUrl(): (settings: InjectorSettings, url: string) => InjectorSettings {
  let base: InjectorSettings | undefined;
  const variants = new Map<string, InjectorSettings>();
  return (settings, url) => {
    const words = (url.split("?")[0] ?? "").split("/").filter((word) => word !== "");
    if (words.length <= 1) return settings;
    if (base !== settings || variants.size >= variantLimit) variants.clear();
    base = settings;
    const key = words.join("/");
    const known = variants.get(key);
    if (known !== undefined) return known;
    const variant = Object.freeze({ ...settings, ...urlParameters(words.slice(1)) });
    variants.set(key, variant);
    return variant;
  };
}

function urlParameters(words: readonly string[]): Partial<Pick<InjectorSettings, "clusterId" | "network">> {
  const value = (name: string): string | undefined => {
    const index = words.findIndex((word, position) => position % 2 === 0 && word === name);
    return index < 0 ? undefined : words[index + 1]?.replaceAll("--slash--", "/");
  };
  const [clusterId, network] = [value("cluster"), value("net")];
  return { ...(clusterId === undefined ? {} : { clusterId }), ...(network === undefined ? {} : { network }) };
}
