// The network of a pod: pods of one network reach each other directly, those of others only through gateways.
import type { NamespaceFacts } from "./decide.ts";
import type { JsonObject } from "./json.ts";
import { labelsOf } from "./pod.ts";
import { rememberFew } from "./remember-few.ts";
import type { InjectorSettings } from "./settings.ts";

/** Label of pods and namespaces that names their network. */
export const networkLabel = "topology.istio.io/network";

/** Networks that are remembered; whoever creates pods may name any. */
const remembered = rememberFew<InjectorSettings, InjectorSettings>(64);

/** The settings for this pod: its own label names its network, or else its namespace's. The same network, the same object. */
export function settingsOfNetwork(
  settings: InjectorSettings,
  pod: JsonObject,
  namespace: NamespaceFacts,
): InjectorSettings {
  const network = labelsOf(pod)[networkLabel] || namespace.labels[networkLabel] || settings.network;
  if (network === settings.network) return settings;
  return (
    remembered.get(settings, network) ?? remembered.set(settings, network, Object.freeze({ ...settings, network }))
  );
}

/** The label for a network; a name that came with the webhook's URL may be none that a label can hold. */
export function labelOfNetwork(network: string): Readonly<Record<string, string>> {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(network) ? { [networkLabel]: network } : {};
}
