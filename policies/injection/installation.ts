// What the installation says about injection: the values that the charts keep in a ConfigMap beside the control plane.
import { parseDocument } from "yaml";
import type { ConfigMap } from "../../api/config-map.ts";
import { isJsonObject, type JsonObject } from "../../api/normalize.ts";
import { memoize } from "../../base/memo.ts";
import type { World } from "../../model/world.ts";

/** What the names of these ConfigMaps begin with; a hyphen and the revision follow, but for the default one. */
const mapName = "istio-sidecar-injector";

interface Installation {
  /** The revision and its tags. */
  readonly revisions: readonly string[];
  readonly injectsByDefault: boolean;
  /** Image of the proxy; undefined where the values do not say it. */
  readonly image: string | undefined;
}

/** Whether some control plane injects every namespace that does not refuse. */
export function injectsByDefault({ objects }: World): boolean {
  return installations(objects.ConfigMap).some((installation) => installation.injectsByDefault);
}

/** The image of the proxies that a revision, or tag, injects; undefined where nobody says so. */
export function proxyImage({ objects }: World, revision: string): string | undefined {
  return installations(objects.ConfigMap).find(({ revisions }) => revisions.includes(revision))?.image;
}

const installations = memoize((all: World["objects"]["ConfigMap"]): readonly Installation[] =>
  [...all.values()]
    .filter(({ metadata, data }) => metadata.name.startsWith(mapName) && data["values"] !== undefined)
    .map((map) => installationOf(map)),
);

const installationOf = memoize(({ metadata, data }: ConfigMap): Installation => {
  const document = parseDocument(data["values"] ?? "", { prettyErrors: false });
  const written: unknown = document.errors.length > 0 ? undefined : document.toJS();
  const values = isJsonObject(written) ? written : {};
  const tags = values["revisionTags"];
  const named = metadata.name.slice(mapName.length + 1) || "default";
  return {
    revisions: [named, ...(Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [])],
    injectsByDefault: objectIn(values, "sidecarInjectorWebhook")["enableNamespacesByDefault"] === true,
    image: imageIn(objectIn(values, "global")),
  };
});

/** A whole reference, or a name below the hub. */
function imageIn(global: JsonObject): string | undefined {
  const { image } = objectIn(global, "proxy");
  const { hub, tag } = global;
  if (typeof image !== "string") return undefined;
  if (image.includes("/")) return image;
  return typeof hub === "string" && typeof tag === "string" ? `${hub}/${image}:${tag}` : undefined;
}

function objectIn(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}
