// A rule of a root VirtualService joined with one of its delegate: both sets of conditions must hold.
import type { HttpMatch, HttpRoute, StringMatch } from "../api/http-route.ts";

/**
 * The delegate's rule as it acts below the root's: its matches narrowed to the root's, and what it leaves open taken
 * from the root. Undefined when some of its matches has nothing in common with any of the root's.
 * @see https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
 */
export function mergeDelegate(root: HttpRoute, delegate: HttpRoute): HttpRoute | undefined {
  const match = mergeMatches(root.match ?? [], delegate.match ?? []);
  if (match === undefined) return undefined;
  const { delegate: _delegate, match: _match, name: _name, ...inherited } = root;
  const name = joinNames(root.name, delegate.name);
  return { ...inherited, ...delegate, match, ...(name === undefined ? {} : { name }) };
}

function mergeMatches(root: readonly HttpMatch[], delegate: readonly HttpMatch[]): readonly HttpMatch[] | undefined {
  if (root.length === 0) return delegate;
  if (delegate.length === 0) return root;
  const merged: HttpMatch[] = [];
  for (const below of delegate) {
    const common = root.filter((above) => !isConflict(above, below)).map((above) => mergeMatch(above, below));
    if (common.length === 0) return undefined;
    merged.push(...common);
  }
  return merged;
}

function mergeMatch(root: HttpMatch, delegate: HttpMatch): HttpMatch {
  const name = joinNames(root.name, delegate.name);
  return {
    ...root,
    ...delegate,
    ...(name === undefined ? {} : { name }),
    ...join("headers", root, delegate),
    ...join("withoutHeaders", root, delegate),
    ...join("queryParams", root, delegate),
    ...join("sourceLabels", root, delegate),
  };
}

type MapField = "headers" | "withoutHeaders" | "queryParams" | "sourceLabels";

function join(field: MapField, root: HttpMatch, delegate: HttpMatch): HttpMatch {
  if (root[field] === undefined && delegate[field] === undefined) return {};
  return { [field]: { ...root[field], ...delegate[field] } };
}

function joinNames(root: string | undefined, delegate: string | undefined): string | undefined {
  if (root === undefined || root === "") return delegate;
  return delegate === undefined || delegate === "" ? root : `${root}-${delegate}`;
}

/** Whether the delegate asks for something that the root does not let through. */
function isConflict(root: HttpMatch, delegate: HttpMatch): boolean {
  if ((root.ignoreUriCase ?? false) !== (delegate.ignoreUriCase ?? false)) return true;
  if ((["uri", "scheme", "method", "authority"] as const).some((field) => differs(root[field], delegate[field])))
    return true;
  const maps = ["headers", "withoutHeaders", "queryParams"] as const;
  if (
    maps.some((field) =>
      Object.entries(delegate[field] ?? {}).some(([key, value]) => differs(root[field]?.[key], value)),
    )
  ) {
    return true;
  }
  if (root.port !== undefined && delegate.port !== undefined && root.port !== delegate.port) return true;
  if (root.sourceNamespace !== undefined && delegate.sourceNamespace !== undefined) {
    if (root.sourceNamespace !== delegate.sourceNamespace) return true;
  }
  const labels = Object.entries(delegate.sourceLabels ?? {});
  if (labels.some(([key, value]) => (root.sourceLabels?.[key] ?? value) !== value)) return true;
  if (root.gateways === undefined || root.gateways.length === 0) return false;
  return delegate.gateways?.some((gateway) => root.gateways?.includes(gateway) !== true) ?? false;
}

/** Regular expressions are not compared: where one side has one, the other must leave the field open. */
function differs(root: StringMatch | undefined, delegate: StringMatch | undefined): boolean {
  if (root === undefined || delegate === undefined) return false;
  if (isOpen(root) || isOpen(delegate)) return false;
  if (root.regex !== undefined || delegate.regex !== undefined) return true;
  if (root.exact !== undefined) return delegate.exact !== root.exact;
  return !(delegate.exact ?? delegate.prefix ?? "").startsWith(root.prefix ?? "");
}

function isOpen({ exact, prefix, regex }: StringMatch): boolean {
  return exact === undefined && prefix === undefined && regex === undefined;
}
