// Which namespaces see an object, in the form that the snapshot has: "*" or namespaces, never "." and never empty.

/** `exportTo` with "." resolved; `byDefault` where the object says nothing. */
export function resolveExportTo(
  exportTo: readonly string[] | undefined,
  namespace: string,
  byDefault: readonly string[],
): readonly string[] {
  const written = exportTo === undefined || exportTo.length === 0 ? byDefault : exportTo;
  if (written.length === 0 || written.includes("*")) return everywhere;
  return [...new Set(written.map((entry) => (entry === "." ? namespace : entry)))];
}

const everywhere: readonly string[] = ["*"];
