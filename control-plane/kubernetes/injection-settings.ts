// Settings of injection on Kubernetes: flags name the control plane, the chart's values say the rest, over the mesh configuration.
import { type InjectorSettings, injectorSettings } from "../../injector/settings.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import type { KubernetesConfig } from "../config.ts";
import { xdsSettings } from "../serve.ts";
import { rootConfigMapName } from "./root-config-maps.ts";
import type { SettingsChanges } from "./values-file.ts";

/** The settings of now; the same object as long as nothing changed, so that what is built from it is built once. */
export function injectionSettings(
  config: KubernetesConfig,
  values: () => SettingsChanges,
  snapshots: { current(): { readonly mesh: MeshSettings } },
): () => InjectorSettings {
  let last:
    | { readonly values: SettingsChanges; readonly mesh: MeshSettings; readonly settings: InjectorSettings }
    | undefined;
  return () => {
    const [changes, { mesh }] = [values(), snapshots.current()];
    if (last?.values !== changes || last.mesh !== mesh) {
      last = { values: changes, mesh, settings: settingsFrom(config, changes, mesh) };
    }
    return last.settings;
  };
}

function settingsFrom(
  config: KubernetesConfig,
  values: SettingsChanges,
  { config: mesh }: MeshSettings,
): InjectorSettings {
  return injectorSettings({
    holdApplicationUntilProxyStarts: mesh.defaultConfig.holdApplicationUntilProxyStarts,
    ...values,
    xds: xdsSettings(config),
    revision: config.revision,
    rootConfigMap: rootConfigMapName(config.revision),
  });
}
