// Settings of injection from the files that Istio's users have: the mesh configuration and Helm values.
import { type MeshConfig, meshConfigMap, parseMeshConfig } from "../api/mesh-config.ts";
import { PillionError } from "../base/error.ts";
import { hasErrors } from "../base/finding.ts";
import { isObject, type Json, type JsonObject, objectAt } from "../injector/json.ts";
import { settingsFromMesh } from "../injector/mesh-settings.ts";
import { type InjectorSettings, injectorSettings } from "../injector/settings.ts";
import { settingsFromValues } from "../injector/values.ts";
import { readDocuments } from "../registry/yaml-source.ts";
import { readOneFile } from "./read-files.ts";

/** The files that say how to inject, and what was said on the command line itself. */
export interface SettingsSources {
  readonly meshConfig: string | undefined;
  readonly values: string | undefined;
  readonly revision: string | undefined;
}

/**
 * The settings, with the defaults for what nobody says; of two that do, values win over the mesh configuration.
 * @throws {PillionError} FILE_MISSING, FILE_UNREADABLE, INTERRUPTED, NOT_YAML, MESH_CONFIG, VALUES
 */
export async function readSettings(
  { meshConfig, values, revision }: SettingsSources,
  signal: AbortSignal,
): Promise<InjectorSettings> {
  return injectorSettings({
    ...(meshConfig === undefined ? {} : fromMesh(await readMeshConfig(meshConfig, signal), meshConfig)),
    ...(values === undefined ? {} : await readValues(values, signal)),
    ...(revision === undefined ? {} : { revision }),
  });
}

/** @throws {PillionError} MESH_CONFIG */
function fromMesh(config: MeshConfig, file: string): Partial<InjectorSettings> {
  const { changes, problems } = settingsFromMesh(config);
  if (problems.length > 0) throw mistakes(file, problems);
  return changes;
}

const mistakes = (file: string, problems: readonly string[]): PillionError =>
  new PillionError("MESH_CONFIG", {
    problem: `the mesh configuration in "${file}" has mistakes: ${problems.join("; ")}`,
    fix: "Correct them, or leave --mesh-config away",
  });

/** A mesh configuration by itself, or the ConfigMap that it stands in. */
async function readMeshConfig(file: string, signal: AbortSignal): Promise<MeshConfig> {
  const text = await readOneFile(file, signal);
  const map = readYaml(file, text).find((document) => document["kind"] === "ConfigMap");
  const inner = objectAt(map, "data")[meshConfigMap.key];
  if (map !== undefined && typeof inner !== "string") {
    throw new PillionError("MESH_CONFIG", {
      problem: `the ConfigMap in "${file}" has no key "${meshConfigMap.key}"`,
      fix: "Name the file with the ConfigMap istio of istio-system, or with the mesh configuration itself",
    });
  }
  const { config, findings } = parseMeshConfig(typeof inner === "string" ? inner : text);
  if (!hasErrors(findings)) return config;
  throw mistakes(
    file,
    findings.map(({ path, problem }) => `${path.replace(/^data\.mesh\.?/, "") || "it"}: ${problem}`),
  );
}

async function readValues(file: string, signal: AbortSignal): Promise<Partial<InjectorSettings>> {
  const [values = {}] = readYaml(file, await readOneFile(file, signal));
  const { changes, problems } = settingsFromValues(values);
  if (problems.length === 0) return changes;
  throw new PillionError("VALUES", {
    problem: `the values in "${file}" have mistakes: ${problems.join("; ")}`,
    fix: "Correct them, or take them away to get the defaults",
  });
}

function readYaml(file: string, text: string): readonly JsonObject[] {
  const { documents, problems } = readDocuments(text);
  const [first] = problems;
  if (first === undefined) return documents.map(({ value }) => value as Json).filter(isObject); // plain YAML is JSON's data
  throw new PillionError("NOT_YAML", {
    problem: `line ${first.line} of "${file}" is not YAML: ${first.text}`,
    fix: "Correct the line, or the indentation and quotes above it",
  });
}
