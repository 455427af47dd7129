// What an object says about itself: which codes are not to be reported for it.

/** Annotation that names codes, separated by commas, which are not to be reported for an object. */
export const allowAnnotation = "pillion.io/allow";

/** The codes that the annotation names. */
export function waivedCodes(annotations: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const written = annotations[allowAnnotation];
  const codes = typeof written === "string" ? written.split(",").map((code) => code.trim()) : [];
  return new Set(codes.filter((code) => code !== ""));
}
