// Paths into an object as kubectl users write them: spec.http[1].route[0].destination.subset

declare const jsonPathBrand: unique symbol;
/** A rendered path, such as `spec.http[1].match[0].headers["end-user"]`. "" is the object itself. */
export type JsonPath = string & { readonly [jsonPathBrand]: true };

/** The path that such keys lead to. Numbers are list indices; a key that is no plain word is quoted in brackets. */
export function jsonPath(...keys: readonly (string | number)[]): JsonPath {
  return child("" as JsonPath, ...keys);
}

/** Go further down from `path`. */
export function child(path: JsonPath, ...keys: readonly (string | number)[]): JsonPath {
  let text: string = path;
  for (const key of keys) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text as JsonPath;
}
