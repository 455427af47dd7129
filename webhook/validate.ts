// POST /validate: may this object live with the others? Every answer is given with all findings at once.
import { isDeepStrictEqual } from "node:util";
import type { AnyObject } from "../api/kinds.ts";
import type { Parsed, ParseOptions } from "../api/parse.ts";
import { type Finding, hasErrors } from "../base/finding.ts";
import { applyChanges, type ObjectKey, objectKey, type World } from "../model/world.ts";
import type { AdmissionRequest } from "./admission.ts";
import { danglingWithout } from "./dangling.ts";
import { type AdmissionResponse, allowed, denied } from "./response.ts";

export interface ValidateDeps {
  readonly parse: (document: unknown, options: ParseOptions) => Parsed;
  /**
   * What the rules say about a candidate in a world that may hold what it replaces: rules compare it with others only. To
   * take that out would make the meaning of 2,000 objects anew for each one that is changed.
   */
  readonly review: (candidate: AnyObject, world: World) => readonly Finding[];
  readonly world: () => World;
  /** Told of every object that is let in, unless it is a dry run. */
  readonly onAdmitted?: (object: AnyObject) => void;
  readonly recent: RecentlyAdmitted;
}

/** The answer for one object. */
export function validateObject(request: AdmissionRequest, deps: ValidateDeps): AdmissionResponse {
  const document = request.object;
  if (request.operation === "DELETE" || document === undefined) {
    const { kind, namespace, name } = request;
    const left = danglingWithout({ kind, namespace, name }, deps.recent.over(deps.world()), deps.review);
    if (!request.dryRun) deps.recent.forget(kind, namespace, name);
    return allowed(left);
  }
  const parsed = deps.parse(document, { defaultNamespace: request.namespace || "default" });
  switch (parsed.type) {
    case "ignored":
      return allowed();
    case "known":
    case "rejected":
      return judged(parsed.findings, request);
    case "object": {
      const { object } = parsed;
      const findings = [...parsed.findings, ...deps.review(object, deps.recent.over(deps.world()))];
      const response = judged(findings, request);
      if (response.allowed && !request.dryRun) {
        deps.recent.remember(object);
        deps.onAdmitted?.(object);
      }
      return response;
    }
  }
}

/** An object whose content stays as it is stored is never refused: its finalizers and labels must be able to change. */
function judged(findings: readonly Finding[], request: AdmissionRequest): AdmissionResponse {
  if (!hasErrors(findings)) return allowed(findings);
  const unchanged =
    request.operation === "UPDATE" && isDeepStrictEqual(request.object?.["spec"], request.oldObject?.["spec"]);
  return unchanged ? allowed(findings) : denied(findings, request.fieldManager === "kubectl-edit");
}

/**
 * Objects that were let in moments ago and may not have come back through the registry yet. They count as stored, so that of two
 * conflicting objects in one `kubectl apply` the second is refused.
 */
export interface RecentlyAdmitted {
  remember(object: AnyObject): void;
  forget(kind: string, namespace: string, name: string): void;
  /** The world with them in it. */
  over(world: World): World;
}

/** How long the way through the API server and back may take. */
const recentMs = 5000;
/** More than that at once are not remembered: the oldest go first. */
const recentLimit = 10_000;

/** `now` gives milliseconds. */
export function recentlyAdmitted(now: () => number): RecentlyAdmitted {
  const entries = new Map<`${string}:${ObjectKey}`, { readonly object: AnyObject; readonly untilMs: number }>();
  const keyOf = (kind: string, namespace: string, name: string) => `${kind}:${objectKey(namespace, name)}` as const;
  const drop = (): void => {
    for (const [key, entry] of entries) {
      if (entry.untilMs > now() && entries.size <= recentLimit) return; // in the order of time: the rest is younger
      entries.delete(key);
    }
  };
  return {
    remember(object) {
      const key = keyOf(object.kind, object.metadata.namespace, object.metadata.name);
      entries.delete(key);
      entries.set(key, { object, untilMs: now() + recentMs });
      drop();
    },
    forget: (kind, namespace, name) => void entries.delete(keyOf(kind, namespace, name)),
    over(world) {
      drop();
      if (entries.size === 0) return world;
      return applyChanges(
        world,
        [...entries.values()].map(({ object }) => ({ type: "put", object })),
      );
    },
  };
}
