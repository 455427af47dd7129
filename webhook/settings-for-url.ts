// What the webhook's URL says about the cluster that calls.
// @see https://istio.io/latest/docs/setup/install/multicluster/
import type { InjectorSettings } from "../injector/settings.ts";

/** Different URLs that are remembered; each is a cluster of the mesh. */
const variantLimit = 64;

/**
 * Settings with the pairs of the URL's path: `/inject/cluster/west/net/vpc-1`. A name that is neither "cluster" nor "net" is an
 * environment variable of the proxies. "--slash--" stands for a slash in a value; `/inject/:ENV:cluster=west:ENV:net=vpc-1` is an
 * older form of the same. The same settings and URL give the same object, so that what is built from it is built once.
 */
export function settingsForUrl(): (settings: InjectorSettings, url: string) => InjectorSettings {
  let base: InjectorSettings | undefined;
  const variants = new Map<string, InjectorSettings>();
  return (settings, url) => {
    if (url === "/inject") return settings;
    const path = (url.split("?")[0] ?? "").replace(/^\/inject\/?/, "");
    if (path === "") return settings;
    if (base !== settings || variants.size >= variantLimit) variants.clear();
    base = settings;
    const known = variants.get(path);
    if (known !== undefined) return known;
    const variant = Object.freeze({ ...settings, ...changesIn(path, settings) });
    variants.set(path, variant);
    return variant;
  };
}

type Changes = Pick<InjectorSettings, "clusterId" | "network" | "environment">;

function changesIn(path: string, { clusterId, network, environment }: InjectorSettings): Changes {
  const values = new Map(pairsIn(path).map(([name, value]) => [variableOf(name), value.replaceAll("--slash--", "/")]));
  const take = (name: string, standard: string): string => {
    const value = values.get(name) ?? standard;
    values.delete(name);
    return value;
  };
  return {
    clusterId: take(clusterVariable, clusterId),
    network: take(networkVariable, network),
    environment: {
      ...environment,
      ...Object.fromEntries([...values].filter(([name]) => /^[A-Z_][A-Z0-9_]*$/.test(name))),
    },
  };
}

const [clusterVariable, networkVariable] = ["ISTIO_META_CLUSTER_ID", "ISTIO_META_NETWORK"];

/** The names that Istio's proxies know these by, so that either form may stand in a URL. */
const variableOf = (name: string): string =>
  name === "cluster" ? clusterVariable : name === "net" ? networkVariable : name.toUpperCase();

const olderMark = ":ENV:";

/** A name without a value is left out. */
function pairsIn(path: string): readonly (readonly [string, string])[] {
  if (path.startsWith(olderMark)) {
    return path.split(olderMark).flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 1 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as const];
    });
  }
  const words = path.split("/").filter((word) => word !== "");
  return words.flatMap((name, index) => {
    const value = words[index + 1];
    return index % 2 === 1 || value === undefined ? [] : [[name, value] as const];
  });
}
