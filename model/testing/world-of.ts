// For tests: a world from YAML, as a user would write it.
import { parseAllDocuments } from "yaml";
import type { AnyObject } from "../../api/kinds.ts";
import { parse } from "../../api/parse.ts";
import { applyChanges, emptyWorld, type World } from "../world.ts";

/** The objects of a YAML text. @throws when one of them does not pass the schema. */
export function objectsOf(yaml: string): readonly AnyObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const value: unknown = document.toJS();
    if (value === null) return [];
    const parsed = parse(value, { defaultNamespace: "default" });
    if (parsed.type !== "object") throw new Error(`not an object of the mesh: ${JSON.stringify(parsed)}`);
    return [parsed.object];
  });
}

/** The one object of a YAML text. */
export function objectOf(yaml: string): AnyObject {
  const [object] = objectsOf(yaml);
  if (object === undefined) throw new Error("there is no object in the text");
  return object;
}

/** A world that holds the objects of YAML texts. */
export function worldOf(...yaml: readonly string[]): World {
  const objects = yaml.flatMap(objectsOf);
  return applyChanges(
    emptyWorld(),
    objects.map((object) => ({ type: "put", object })),
  );
}
