// What a deletion leaves behind: rules that name what is gone. Nobody is kept from deleting, but they are told.
import type { AnyObject } from "../api/kinds.ts";
import { isKind, type ObjectOf } from "../api/kinds.ts";
import type { Finding } from "../base/finding.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import { applyChanges, lookUp, type World } from "../model/world.ts";

/** More than that are not looked at: a warning is no inventory. */
const mostLookedAt = 20;

/** Warnings about VirtualServices that name an object, and would name nothing without it. */
export function danglingWithout(
  ref: ObjectRef,
  world: World,
  review: (candidate: AnyObject, world: World) => readonly Finding[],
): readonly Finding[] {
  const { kind, namespace, name } = ref;
  if (!isKind(kind)) return [];
  const stored: AnyObject | undefined = lookUp(world, kind, namespace, name);
  const words = stored === undefined ? [] : wordsOf(stored);
  if (words.length === 0) return [];
  const naming = [...world.objects.VirtualService.values()]
    .filter((rule) => rule !== stored && words.some((word) => isNaming(rule, word)))
    .slice(0, mostLookedAt);
  const without = applyChanges(world, [{ type: "delete", ref: { kind, namespace, name } }]);
  const known = new Set(naming.flatMap((rule) => review(rule, world)).map(keyOf));
  return naming
    .flatMap((rule) => review(rule, without))
    .filter((finding) => finding.code.startsWith("PIL2") && !known.has(keyOf(finding)))
    .map((finding) => ({ ...finding, severity: "warning" }));
}

/** What a VirtualService would call the object by. */
function wordsOf(object: AnyObject): readonly string[] {
  if (object.kind === "DestinationRule") return [firstLabel(object.spec.host)];
  if (object.kind === "ServiceEntry") return object.spec.hosts.map(firstLabel);
  return object.kind === "Gateway" || object.kind === "VirtualService" ? [object.metadata.name] : [];
}

function firstLabel(host: string): string {
  return host.replace(/^\*\.?/, "").split(".")[0] ?? "";
}

function isNaming({ spec }: ObjectOf<"VirtualService">, word: string): boolean {
  return JSON.stringify(spec).includes(word);
}

function keyOf({ code, object, path }: Finding): string {
  return `${code} ${object.namespace}/${object.name} ${path}`;
}
