// Settings of injection on Kubernetes: flags name the control plane, the chart's values say the rest, over the mesh configuration.
import { settingsFromMesh } from "../../injector/mesh-settings.ts";
import { type InjectorSettings, injectorSettings } from "../../injector/settings.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import type { World } from "../../model/world.ts";
import type { KubernetesConfig } from "../config.ts";
import { xdsSettings } from "../serve.ts";
import { rootConfigMapName } from "./root-config-maps.ts";
import type { SettingsChanges } from "./values-file.ts";

type Nodes = World["objects"]["Node"];

/** The settings of now; the same object as long as nothing changed, so that what is built from it is built once. */
export function injectionSettings(
  config: KubernetesConfig,
  values: () => SettingsChanges,
  snapshots: { current(): { readonly mesh: MeshSettings } },
  nodes: () => Nodes,
): () => InjectorSettings {
  const settings = remembered((changes: SettingsChanges, mesh: MeshSettings, versions: readonly string[]) =>
    injectorSettings({
      ...settingsFromMesh(mesh.config).changes,
      ...changes,
      kubeletVersions: versions,
      ipFamilies: hasIpv6(mesh) ? ["IPv4", "IPv6"] : ["IPv4"],
      xds: xdsSettings(config),
      revision: config.revision,
      rootConfigMap: rootConfigMapName(config.revision),
    }),
  );
  const versionsOf = remembered(kubeletVersions);
  const unchanging = remembered((text: string): readonly string[] => text.split(" ").filter((one) => one !== ""));
  // Nodes change often, their versions seldom.
  return () => settings(values(), snapshots.current().mesh, unchanging(versionsOf(nodes()).join(" ")));
}

/** Whether pods have addresses of IPv6; the proxy's own ports then listen on both. */
const hasIpv6 = ({ servicePrefixes, podPrefixes }: MeshSettings): boolean =>
  [...servicePrefixes, ...podPrefixes].some((prefix) => prefix.includes(":"));

const kubeletVersions = (nodes: Nodes): readonly string[] =>
  [...new Set([...nodes.values()].map(({ status }) => status.nodeInfo?.kubeletVersion ?? "unknown"))].sort();

/** The same result as long as the inputs are the same. */
function remembered<A extends readonly unknown[], R>(compute: (...inputs: A) => R): (...inputs: A) => R {
  let last: { readonly inputs: A; readonly result: R } | undefined;
  return (...inputs) => {
    if (last?.inputs.every((input, index) => input === inputs[index]) !== true)
      last = { inputs, result: compute(...inputs) };
    return last.result;
  };
}
