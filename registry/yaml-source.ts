// YAML text with its places: which objects stand in it, and on which line a finding's path leads to.
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  parseDocument,
} from "yaml";
import type { JsonPath } from "../base/json-path.ts";

/** One object in a text; the items of a `kind: List` are objects of their own. */
export interface SourceDocument {
  /** The content as JSON would have it. */
  readonly value: unknown;
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** The line that `path` leads to, or the line of the deepest part of it that exists. */
  readonly lineOf: (path: JsonPath) => number;
  /** The same with the column. */
  readonly placeOf: (path: JsonPath) => SourcePlace;
}

/** A place in a text; both count from 1. */
export interface SourcePlace {
  readonly line: number;
  readonly column: number;
}

/** A place where the text is no YAML. */
export interface SourceProblem {
  readonly line: number;
  readonly text: string;
}

/** All objects of a YAML or JSON text. With a problem there may be fewer documents than the author meant. */
export function readDocuments(text: string): {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly SourceProblem[];
} {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const documents: SourceDocument[] = [];
  const problems: SourceProblem[] = [];
  for (const document of "empty" in parsed ? [] : parsed) {
    for (const { pos, message } of document.errors) {
      problems.push({ line: lines.linePos(pos[0]).line, text: message.includes("call stack") ? tooDeep : message });
    }
    if (document.errors.length > 0 || !isNode(document.contents) || isEmpty(document.contents)) continue;
    try {
      const value: unknown = document.toJS();
      const fault = faultOf(value);
      if (fault !== undefined) {
        problems.push({ line: lines.linePos(document.contents.range?.[0] ?? 0).line, text: fault });
        continue;
      }
      documents.push(...expandList(value, { root: document.contents, document, lines }));
    } catch (error) {
      // Only aliases fail here: without an anchor, or so many that the text is an attack.
      const line = lines.linePos(document.range[0]).line;
      const text = error instanceof RangeError ? tooDeep : error instanceof Error ? error.message : String(error);
      problems.push({ line, text });
    }
  }
  return { documents, problems };
}

/** What is needed to find a place again. */
interface Source {
  readonly root: Node;
  readonly document: Parameters<Extract<Node, { resolve: unknown }>["resolve"]>[0];
  readonly lines: LineCounter;
}

/** Levels of lists and mappings in one another. No object of Kubernetes needs a tenth of it. */
const mostLevels = 500;
const tooDeep = `lists and mappings stand more than ${mostLevels} levels deep in one another`;

/** Why nobody could walk through a value: it never ends, as no JSON could say, or it is too deep. */
function faultOf(value: unknown, above = new Set<unknown>(), known = new Set<unknown>()): string | undefined {
  if (typeof value !== "object" || value === null || known.has(value)) return undefined;
  if (above.has(value)) return "an alias stands inside of what its own anchor marks, so that it never ends";
  if (above.size >= mostLevels) return tooDeep;
  above.add(value);
  for (const item of Object.values(value)) {
    const fault = faultOf(item, above, known);
    if (fault !== undefined) return fault;
  }
  above.delete(value);
  known.add(value);
  return undefined;
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

function expandList(value: unknown, source: Source): readonly SourceDocument[] {
  const items = itemsOf(value);
  if (items === undefined) {
    const { line } = placeIn(source.root, source.lines);
    const placeAt = (path: JsonPath): SourcePlace => placeOf(source, keysIn(path));
    return [{ value, line, lineOf: (path) => placeAt(path).line, placeOf: placeAt }];
  }
  const nodes = isMap(source.root) ? source.root.get("items", true) : undefined;
  return items.flatMap((item, index) => {
    const node = isSeq(nodes) ? nodes.items[index] : undefined;
    return expandList(item, isNode(node) ? { ...source, root: node } : source);
  });
}

/** The items of a Kubernetes list, such as `kubectl get -o yaml` prints. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("items" in value)) return undefined;
  const isList = typeof value.kind === "string" && value.kind.endsWith("List");
  return isList && Array.isArray(value.items) ? value.items : undefined;
}

function placeOf({ root, document, lines }: Source, keys: readonly (string | number)[]): SourcePlace {
  let node: unknown = root;
  let place = placeIn(root, lines);
  for (const [depth, key] of keys.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) return place;
      if (isNode(pair.key)) place = placeIn(pair.key, lines);
      node = pair.value;
    } else if (isSeq(node) && typeof key === "number") {
      node = node.items[key];
      if (!isNode(node)) return place;
      place = placeIn(node, lines);
    } else return placeInText(node, keys.slice(depth), lines) ?? place;
  }
  return place;
}

/** YAML in a block of text, as in a ConfigMap: the path goes on inside of it. Columns count from its own margin. */
function placeInText(node: unknown, keys: readonly (string | number)[], lines: LineCounter): SourcePlace | undefined {
  if (!isScalar(node) || node.type !== "BLOCK_LITERAL" || typeof node.value !== "string") return undefined;
  const inner = new LineCounter();
  const document = parseDocument(node.value, { lineCounter: inner, prettyErrors: false });
  const [error] = document.errors;
  const above = placeIn(node, lines).line;
  if (error !== undefined) return { line: above + inner.linePos(error.pos[0]).line, column: 1 };
  if (!isNode(document.contents)) return undefined;
  const { line, column } = placeOf({ root: document.contents, document, lines: inner }, keys);
  return { line: above + line, column };
}

function placeIn(node: Node, lines: LineCounter): SourcePlace {
  const { line, col } = lines.linePos(node.range?.[0] ?? 0);
  return { line, column: col };
}

/** The keys that jsonPath() rendered. */
function keysIn(path: JsonPath): readonly (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([A-Za-z_][A-Za-z0-9_]*)/g)].map(
    ([, index, quoted, word]) => {
      if (index !== undefined) return Number(index);
      return quoted === undefined ? (word ?? "") : String(JSON.parse(quoted));
    },
  );
}
