// What a rule is: one sentence about one kind, with the code that stands for it.
import type { Kind, ObjectOf } from "../api/kinds.ts";
import type { Code, IstioCode, WitnessConnection, WitnessRequest } from "../base/finding.ts";
import type { JsonPath } from "../base/json-path.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { World } from "../model/world.ts";

/** What stands around an object: everything that is stored, perhaps with a former version of it, and what that means. */
export interface Around {
  readonly world: World;
  readonly snapshot: Snapshot;
}

/** One place where an object breaks a rule. Texts are as in a Finding, without full stop. */
export interface Complaint {
  readonly path: JsonPath;
  readonly problem: string;
  readonly reason: string;
  readonly fix: string;
  /** Istio's code, where it is another than the rule's. */
  readonly alias?: IstioCode;
  readonly others?: readonly ObjectRef[];
  readonly witness?: WitnessRequest;
  readonly connection?: WitnessConnection;
}

/** A rule for one kind, or for several that have the same fields. */
export interface Rule<K extends Kind> {
  readonly code: Code;
  /** Istio's code for the same, where it has one. */
  readonly alias?: IstioCode;
  readonly kinds: readonly K[];
  /** deny: the object is not stored. warn: it is, and the user is told. status: shown in its status only. */
  readonly enforcement: "deny" | "warn" | "status";
  /** Envoy refuses some of what it finds: neither a waiver nor mesh configuration switches it off. PIL4 rules are so anyway. */
  readonly guardsEnvoy?: true;
  /** What it demands, in one sentence. */
  readonly summary: string;
  readonly check: (candidate: ObjectOf<K>, around: Around) => Iterable<Complaint>;
}

/** A rule as the list of rules holds it: it looks at the kind itself. */
export interface AnyRule
  extends Pick<Rule<Kind>, "code" | "alias" | "kinds" | "enforcement" | "guardsEnvoy" | "summary"> {
  readonly check: (candidate: ObjectOf<Kind>, around: Around) => Iterable<Complaint>;
}

/** A rule with its kinds checked at run time, so that rules for different kinds fit into one list. */
export function rule<K extends Kind>(written: Rule<K>): AnyRule {
  return {
    ...written,
    check: (candidate, around) => (isOf(written.kinds, candidate) ? written.check(candidate, around) : []),
  };
}

function isOf<K extends Kind>(kinds: readonly K[], candidate: ObjectOf<Kind>): candidate is ObjectOf<K> {
  return kinds.some((kind) => kind === candidate.kind);
}

/** What Envoy would refuse is denied whatever anybody says: it would stop every update of every route. */
export function guardsEnvoy({ code, guardsEnvoy: isGuard }: Pick<AnyRule, "code" | "guardsEnvoy">): boolean {
  return isGuard === true || code.startsWith("PIL4");
}
