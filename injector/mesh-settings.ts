// What the mesh configuration says about injection: its switches, and the settings that every proxy begins with.
import type { MeshConfig } from "../api/mesh-config.ts";
import type { Json, JsonObject } from "./json.ts";
import { proxyConfigOf } from "./proxy-config.ts";
import { defaultSettings, type InjectorSettings } from "./settings.ts";

/** What was read. */
export interface MeshReading {
  readonly changes: Partial<InjectorSettings>;
  /** Clauses such as `defaultConfig.concurrency is -1; it must be ...`. What they are about keeps its default. */
  readonly problems: readonly string[];
}

/** Settings from a mesh configuration. */
export function settingsFromMesh({ defaultConfig, enablePrometheusMerge, pillion }: MeshConfig): MeshReading {
  const problems: string[] = [];
  // It was parsed from YAML and checked against a schema of JSON's types.
  const document = defaultConfig as unknown as JsonObject;
  const config = proxyConfigOf(document, (field: string, value: Json, expects: string) =>
    problems.push(`defaultConfig.${field} is ${JSON.stringify(value)}; it must be ${expects}`),
  );
  const { concurrency, interceptionMode, hold, stats, xds, environment } = config;
  const changes = {
    mergeMetrics: enablePrometheusMerge,
    clusterDomain: pillion.clusterDomain,
    environment,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(interceptionMode === undefined ? {} : { interceptionMode }),
    ...(hold === undefined ? {} : { holdApplicationUntilProxyStarts: hold }),
    ...(stats === undefined ? {} : { stats: { ...defaultSettings.stats, ...stats } }),
    ...(xds === undefined ? {} : { xds }),
  };
  return { changes, problems };
}
