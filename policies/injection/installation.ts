// What the installation says about injection: the values that the charts keep in a ConfigMap beside the control plane.
import { parseDocument } from "yaml";
import type { ConfigMap } from "../../api/config-map.ts";
import { isJsonObject } from "../../api/normalize.ts";
import { memoize } from "../../base/memo.ts";
import type { World } from "../../model/world.ts";

/** What the names of these ConfigMaps begin with; a revision follows. */
const mapName = "istio-sidecar-injector";

/** Whether some control plane injects every namespace that does not refuse. */
export function injectsByDefault({ objects }: World): boolean {
  return mapsOf(objects.ConfigMap).some((map) => readsDefault(map));
}

const mapsOf = memoize((all: World["objects"]["ConfigMap"]): readonly ConfigMap[] =>
  [...all.values()].filter(({ metadata, data }) => metadata.name.startsWith(mapName) && data["values"] !== undefined),
);

const readsDefault = memoize(({ data }: ConfigMap): boolean => {
  const document = parseDocument(data["values"] ?? "", { prettyErrors: false });
  const values: unknown = document.errors.length > 0 ? undefined : document.toJS();
  const webhook = isJsonObject(values) ? values["sidecarInjectorWebhook"] : undefined;
  return isJsonObject(webhook) && webhook["enableNamespacesByDefault"] === true;
});
