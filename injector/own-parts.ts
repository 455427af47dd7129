// What is ours in a pod: two containers and their volumes. All pods of a workload get the very same, so it is made once.
import { sidecarNames } from "../model/sidecar.ts";
import { initContainer } from "./init-container.ts";
import type { JsonObject } from "./json.ts";
import { keepText } from "./json-text.ts";
import type { PodOptions } from "./options.ts";
import { proxyContainer } from "./proxy-container.ts";
import type { InjectorSettings } from "./settings.ts";
import { fingerprintOf, type Overrides, overrideFor } from "./status.ts";
import type { Template } from "./templates.ts";
import { proxyVolumes } from "./volumes.ts";

export interface OwnParts {
  readonly proxy: JsonObject;
  readonly init: JsonObject | undefined;
  readonly volumes: readonly JsonObject[];
  /** Of all of these. */
  readonly fingerprint: string;
}

/** All that they are made from. */
export interface OwnPartsRequest {
  readonly options: PodOptions;
  readonly template: Template;
  /** The canonical service name. */
  readonly serviceName: string;
  readonly overrides: Overrides;
}

/** Different ones that are remembered for a revision, 30 kB each; the oldest goes first. */
const rememberedParts = 500;

const remembered = new WeakMap<InjectorSettings, Map<string, OwnParts>>();

/** Our parts of a pod; the same objects for equal requests. */
export function ownParts(settings: InjectorSettings, request: OwnPartsRequest): OwnParts {
  const byKey = remembered.get(settings) ?? new Map<string, OwnParts>();
  remembered.set(settings, byKey);
  const key = JSON.stringify(request);
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const parts = build(settings, request);
  byKey.set(key, parts);
  if (byKey.size > rememberedParts) byKey.delete(byKey.keys().next().value ?? "");
  return parts;
}

function build(settings: InjectorSettings, { options, template, serviceName, overrides }: OwnPartsRequest): OwnParts {
  const override = overrideFor(sidecarNames.proxyContainer, overrides);
  const proxy = proxyContainer({ settings, options, template, serviceName, override });
  const initOverride = overrideFor(sidecarNames.initContainer, overrides);
  const init = template === "gateway" ? undefined : initContainer(settings, options, proxy, initOverride);
  const volumes = [...proxyVolumes(settings), ...options.volumes];
  return {
    proxy: keepText(proxy),
    init: init === undefined ? undefined : keepText(init),
    volumes,
    fingerprint: fingerprintOf([proxy, init ?? null, volumes]),
  };
}
