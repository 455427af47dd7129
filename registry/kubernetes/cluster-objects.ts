// What is known of a cluster: a World made from raw objects, and what had to be left out of it.
import { isDeepStrictEqual } from "node:util";
import type { ConfigMap } from "../../api/config-map.ts";
import { apiVersionsOf } from "../../api/kind-description.ts";
import { type AnyObject, descriptions, type Kind, meshKinds } from "../../api/kinds.ts";
import { goneMeshConfig, meshConfigMap } from "../../api/mesh-config.ts";
import { isJsonObject, type JsonObject } from "../../api/normalize.ts";
import { parse } from "../../api/parse.ts";
import { assert } from "../../base/assert.ts";
import { type Finding, hasErrors } from "../../base/finding.ts";
import type { ObjectRef } from "../../base/object-ref.ts";
import { applyChanges, type Change, emptyWorld, type ObjectKey, objectKey, type World } from "../../model/world.ts";
import { meshConfigFindings } from "../../policies/mesh-grades.ts";

/** What is wrong with an object that the API server stores. */
export interface ObjectReport {
  readonly object: ObjectRef;
  /** nothing: it is kept out. before: its last good form stays in force. now: it is in force as it is. */
  readonly inForce: "nothing" | "before" | "now";
  /** Everything that is wrong, for its status only (severity info): it is stored already. Empty when it is well again, or gone. */
  readonly findings: readonly Finding[];
}

/** Objects as they were told, and changes that wait to become a new World. */
export class ClusterObjects {
  #world: World = emptyWorld();
  /** The last change of each object since the last World. */
  readonly #pending = new Map<string, Change>();
  readonly #reports = new Map<string, ObjectReport>();
  readonly #onReport: (report: ObjectReport) => void;
  readonly #revisions: (() => readonly string[]) | undefined;
  /** Objects of other revisions, which may become ours by a tag. */
  readonly #elsewhere = new Map<string, { readonly kind: Kind; readonly key: ObjectKey; readonly raw: JsonObject }>();

  /** `revisions` are the names of ours: its own and its tags; objects of all revisions count without them. */
  constructor(onReport: (report: ObjectReport) => void, revisions?: () => readonly string[]) {
    this.#onReport = onReport;
    this.#revisions = revisions;
  }

  world(): World {
    return this.#world;
  }

  reports(): readonly ObjectReport[] {
    return [...this.#reports.values()];
  }

  put(kind: Kind, key: ObjectKey, raw: JsonObject): void {
    const document = trimmed(raw, kind);
    if (this.#isElsewhere(kind, document)) {
      this.delete(kind, key);
      this.#elsewhere.set(`${kind} ${key}`, { kind, key, raw: document });
      return;
    }
    this.#elsewhere.delete(`${kind} ${key}`);
    const parsed = parse(document, { defaultNamespace: "default" });
    const before = this.#current(kind, key);
    if (parsed.type !== "object") {
      // The document has a kind that is read, so it is not one of somebody else's.
      assert(parsed.type === "rejected", `a ${kind} that does not parse is rejected`);
      this.#report(kind, key, before === undefined ? "nothing" : "before", parsed.findings);
      return;
    }
    const findings = parsed.object.kind === "ConfigMap" ? meshFindings(parsed.object) : [];
    if (hasErrors(findings)) {
      this.#report(kind, key, before === undefined ? "nothing" : "before", findings);
      return;
    }
    if (findings.length === 0) this.#clearReport(kind, key);
    else this.#report(kind, key, "now", findings);
    if (before === undefined || !isSame(before, parsed.object)) {
      this.#pending.set(`${kind} ${key}`, { type: "put", object: parsed.object });
    }
  }

  /** The names of our revision are others now: what they leave out goes, and what they let in comes. */
  reviseOwn(): void {
    const stored = meshKinds.flatMap((kind): readonly AnyObject[] => [...this.#world.objects[kind].values()]);
    const waiting = [...this.#pending.values()].flatMap((change) => (change.type === "put" ? [change.object] : []));
    for (const { kind, metadata } of [...stored, ...waiting]) {
      const key = objectKey(metadata.namespace, metadata.name);
      // What was parsed from JSON is JSON; its type has no index signature.
      const raw = this.#current(kind, key) as unknown as JsonObject | undefined;
      // The others stay as they are: a last good form is not what the API server stores.
      if (raw !== undefined && this.#isElsewhere(kind, raw)) this.put(kind, key, raw);
    }
    for (const { kind, key, raw } of [...this.#elsewhere.values()]) this.put(kind, key, raw);
  }

  delete(kind: Kind, key: ObjectKey): void {
    this.#elsewhere.delete(`${kind} ${key}`);
    if (kind === "ConfigMap" && this.#current(kind, key) !== undefined) {
      // Without it identities and all that is passed through or refused would change from one moment to the next.
      this.#report(kind, key, "before", [goneMeshConfig()]);
      return;
    }
    this.#clearReport(kind, key);
    this.#pending.set(`${kind} ${key}`, { type: "delete", ref: refOf(kind, key) });
  }

  /** Make the World that has all changes. @returns whether it is another one. */
  flush(): boolean {
    const changes = [...this.#pending.values()].filter((change) => change.type === "put" || this.#isStored(change.ref));
    this.#pending.clear();
    if (changes.length > 0) this.#world = applyChanges(this.#world, changes);
    return changes.length > 0;
  }

  /** Whether the label names a revision that is not ours; objects without it are for all revisions. */
  #isElsewhere(kind: Kind, { metadata }: JsonObject): boolean {
    const labels = isJsonObject(metadata) ? metadata["labels"] : undefined;
    const revision = isJsonObject(labels) ? labels[revisionLabel] : undefined;
    if (this.#revisions === undefined || typeof revision !== "string" || !descriptions[kind].meshKind) return false;
    return !this.#revisions().includes(revision);
  }

  #current(kind: Kind, key: ObjectKey): AnyObject | undefined {
    const pending = this.#pending.get(`${kind} ${key}`);
    if (pending === undefined) return this.#world.objects[kind].get(key);
    return pending.type === "put" ? pending.object : undefined;
  }

  #isStored({ kind, namespace, name }: ObjectRef & { readonly kind: Kind }): boolean {
    return this.#world.objects[kind].has(`${namespace}/${name}`);
  }

  #report(kind: Kind, key: ObjectKey, inForce: ObjectReport["inForce"], all: readonly Finding[]): void {
    const id = `${kind} ${key}`;
    const findings = all.map((finding): Finding => ({ ...finding, severity: "info" }));
    const report: ObjectReport = { object: refOf(kind, key), inForce, findings };
    if (isDeepStrictEqual(this.#reports.get(id), report)) return;
    this.#reports.set(id, report);
    this.#onReport(report);
  }

  #clearReport(kind: Kind, key: ObjectKey): void {
    if (!this.#reports.delete(`${kind} ${key}`)) return;
    this.#onReport({ object: refOf(kind, key), inForce: "nothing", findings: [] });
  }
}

const revisionLabel = "istio.io/rev";

/** What is wrong with a mesh configuration. */
function meshFindings({ data }: ConfigMap): readonly Finding[] {
  const text = data[meshConfigMap.key];
  return text === undefined ? [goneMeshConfig()] : meshConfigFindings(text);
}

/**
 * The object as `parse` takes it: items of a list do not say what they are, and kubectl's copy of an object in its own
 * annotation would double its size in memory.
 */
function trimmed(raw: JsonObject, kind: Kind): JsonObject {
  const [firstVersion] = apiVersionsOf(descriptions[kind]);
  const metadata = isJsonObject(raw["metadata"]) ? raw["metadata"] : {};
  const { managedFields: _, ...kept } = metadata;
  const all = isJsonObject(metadata["annotations"]) ? metadata["annotations"] : {};
  const { "kubectl.kubernetes.io/last-applied-configuration": __, ...annotations } = all;
  return { ...raw, kind, apiVersion: raw["apiVersion"] ?? firstVersion, metadata: { ...kept, annotations } };
}

/** Equal in all that the mesh reads: heartbeats and other controllers' notes change the resourceVersion alone. */
function isSame(before: AnyObject, after: AnyObject): boolean {
  const versionless = (object: AnyObject) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: undefined },
  });
  return isDeepStrictEqual(versionless(before), versionless(after));
}

function refOf(kind: Kind, key: ObjectKey): ObjectRef & { readonly kind: Kind } {
  const at = key.indexOf("/");
  return { kind, namespace: key.slice(0, at), name: key.slice(at + 1) };
}
