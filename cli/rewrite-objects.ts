// Changing objects in YAML text without touching the rest: comments, order and spelling stay wherever the content does.
import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { isList, isObject, type Json, type JsonObject } from "../injector/json.ts";

/** The object as it is to stand there; the very same one to leave it alone. */
export type Rewrite = (object: JsonObject, index: number) => JsonObject;

/**
 * The text with its objects rewritten. Objects are counted as readDocuments() gives them: empty documents left out, the items
 * of a list one by one. Documents in which nothing changes keep every character. The text must be YAML.
 */
export function rewriteObjects(text: string, rewrite: Rewrite): string {
  const parsed = parseAllDocuments(text, { merge: true });
  let index = 0;
  const next = (value: Json): Json => {
    const number = index++;
    return isObject(value) ? rewrite(value, number) : value;
  };
  let from = 0;
  let result = "";
  for (const document of "empty" in parsed ? [] : parsed) {
    const [, , end] = document.range;
    const before = document.toJS() as Json; // the data of plain YAML is JSON's
    const after = before === null ? before : rewriteItems(before, next);
    result += after === before ? text.slice(from, end) : rewritten(document, after);
    from = end;
  }
  return result + text.slice(from);
}

/** The value, or the items of it where it is a list of objects. */
function rewriteItems(value: Json, next: (value: Json) => Json): Json {
  if (!isObject(value)) return next(value);
  const { kind, items } = value;
  if (typeof kind !== "string" || !kind.endsWith("List") || !isList(items)) return next(value);
  const changed = items.map((item) => rewriteItems(item, next));
  return changed.every((item, index) => item === items[index]) ? value : { ...value, items: changed };
}

function rewritten(document: Document.Parsed, after: Json): string {
  withoutAliases(document);
  document.contents = updated(document, document.contents, after) as Document.Parsed["contents"]; // as it was made here
  return document.toString({ lineWidth: 0 });
}

/** An anchored value stands in several places and changes in one of them: each place gets a value of its own. */
function withoutAliases(document: Document.Parsed): void {
  visit(document, {
    Alias: (_key, alias) => document.createNode(alias.toJS(document), { aliasDuplicateObjects: false }),
  });
  visit(document, { Value: (_key, node) => void delete node.anchor });
}

function updated(document: Document, node: unknown, value: Json): Node {
  if (isNode(node) && isDeepStrictEqual(node.toJS(document), value)) return node;
  if (isMap(node) && isObject(value) && !hasMergeKey(node)) return updateMap(document, node, value);
  if (isSeq(node) && isList(value)) return updateList(document, node, value);
  const fresh = document.createNode(value, { aliasDuplicateObjects: false });
  if (isScalar(node) && isScalar(fresh)) fresh.comment = node.comment ?? null;
  return fresh;
}

function updateMap(document: Document, map: YAMLMap, value: JsonObject): YAMLMap {
  map.flow = false;
  map.items = map.items.filter(({ key }) => Object.hasOwn(value, keyText(key)));
  for (const [key, item] of Object.entries(value)) {
    const pair = map.items.find((candidate) => keyText(candidate.key) === key);
    if (pair !== undefined) pair.value = updated(document, pair.value, item);
    else map.items.push(document.createPair(key, document.createNode(item, { aliasDuplicateObjects: false })));
  }
  return map;
}

/** Items keep their text wherever they go: those with a name are known by it, others by their place. */
function updateList(document: Document, list: YAMLSeq, value: readonly Json[]): YAMLSeq {
  const before = [...list.items];
  list.flow = false;
  list.items = value.map((item, index) => {
    const name = isObject(item) ? item["name"] : undefined;
    const named = before.find((node) => isMap(node) && name !== undefined && node.get("name") === name);
    return updated(document, name === undefined ? before[index] : named, item);
  });
  return list;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/** `<<` brings fields in from elsewhere: such a mapping is written out. */
function hasMergeKey({ items }: YAMLMap): boolean {
  return items.some(({ key }) => isScalar(key) && typeof key.value === "symbol");
}
