// What is ours in a pod: two containers and their volumes. All pods of a workload get the very same, so it is made once.
import { sidecarNames } from "../model/sidecar.ts";
import { initContainer } from "./init-container.ts";
import type { JsonObject } from "./json.ts";
import { keepText } from "./json-text.ts";
import type { PodOptions } from "./options.ts";
import { proxyContainer } from "./proxy-container.ts";
import { rememberFew } from "./remember-few.ts";
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

/** Workloads with equal options that are remembered, 30 kB each. */
const remembered = rememberFew<PodOptions, OwnParts>(300);

/**
 * Our parts of a pod; the same objects for the same options and equal others. Options are one object for each revision and
 * equal annotations, see readOptions().
 */
export function ownParts(settings: InjectorSettings, request: OwnPartsRequest): OwnParts {
  const { options, template, serviceName, overrides } = request;
  const hasOverrides = overrides.containers.length + overrides.initContainers.length > 0;
  const key = `${template} ${serviceName} ${hasOverrides ? JSON.stringify(overrides) : ""}`;
  return remembered.get(options, key) ?? remembered.set(options, key, build(settings, request));
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
    volumes: volumes.map(keepText),
    fingerprint: fingerprintOf([proxy, init ?? null, volumes]),
  };
}
