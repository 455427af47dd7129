// Hosts with a wildcard: which host they match, what two of them have in common, which one is more specific.

/** Whether a pattern ("a.b", "*.b", "*") covers a host. The host may be a pattern itself: then all of it must be covered. */
export function matchesHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*")) return pattern === host;
  const suffix = pattern.slice(1);
  if (host.startsWith("*")) return host.slice(1).endsWith(suffix);
  return host.length > suffix.length && host.endsWith(suffix);
}

/** The hosts that two patterns share: the narrower of the two, or nothing. */
export function hostsInCommon(a: string, b: string): string | undefined {
  if (matchesHost(a, b)) return b;
  return matchesHost(b, a) ? a : undefined;
}

/** A host as an index by beginnings holds it: what a wildcard covers goes on from it. "moc.elpmaxe." of "*.example.com". */
export function fromEnd(host: string): string {
  return [...host.replace(/^\*/, "")].toReversed().join("");
}

/** For sorting: the more specific pattern first; exact hosts before wildcards, longer suffixes before shorter. */
export function bySpecificity(a: string, b: string): number {
  const wildcards = Number(a.startsWith("*")) - Number(b.startsWith("*"));
  return wildcards !== 0 ? wildcards : b.length - a.length;
}
