// May this object live with the others? The same answer for webhook, registry, command line and console.
import type { AnyObject, Kind } from "../api/kinds.ts";
import type { MeshConfig } from "../api/mesh-config.ts";
import { refOf } from "../api/object.ts";
import { waivedCodes } from "../api/waivers.ts";
import type { Finding, Severity } from "../base/finding.ts";
import { memoize } from "../base/memo.ts";
import { buildSnapshot } from "../model/build.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { World } from "../model/world.ts";
import { type AnyRule, guardsEnvoy } from "./rule.ts";
import { rules } from "./rules.ts";

/** The kinds that some rule is about. */
const reviewedKinds = [...new Set(rules.flatMap(({ kinds }) => kinds))];

/**
 * Everything that is to be said about an object that is to be stored in a world.
 * @param snapshot - what the world means without the candidate, or with its former version.
 */
export function review(candidate: AnyObject, world: World, snapshot: Snapshot): readonly Finding[] {
  return reviewBy(rules, candidate, world, snapshot);
}

/** Everything that is to be said about the objects of a world, each against all the others. */
export function reviewAll(world: World): readonly Finding[] {
  const snapshot = buildSnapshot(world);
  return reviewedKinds.flatMap((kind) =>
    [...world.objects[kind].values()].flatMap((object) => review(object, world, snapshot)),
  );
}

/** {@link review} by other rules than all. */
export function reviewBy(
  list: readonly AnyRule[],
  candidate: AnyObject,
  world: World,
  snapshot: Snapshot,
): readonly Finding[] {
  const waived = waivedCodes(candidate.metadata.annotations);
  const object = refOf(candidate);
  const findings: Finding[] = [];
  for (const { rule, severity } of rulesFor(list, snapshot.mesh.config, candidate.kind)) {
    if (waived.has(rule.code) && !guardsEnvoy(rule)) continue;
    for (const complaint of rule.check(candidate, { world, snapshot })) {
      findings.push({ code: rule.code, ...aliasOf(rule), severity, object, others: [], ...complaint });
    }
  }
  return findings;
}

function aliasOf({ alias }: AnyRule): Pick<Finding, "alias"> {
  return alias === undefined ? {} : { alias };
}

const severities: Readonly<Record<AnyRule["enforcement"], Severity>> = {
  deny: "error",
  warn: "warning",
  status: "info",
};

/** The rules for a kind, with what they do by this configuration; without those that are off. */
const rulesFor = memoize((list: readonly AnyRule[], config: MeshConfig, kind: Kind) =>
  list
    .filter(({ kinds }) => kinds.includes(kind))
    .flatMap((rule) => {
      const severity = severityOf(rule, config);
      return severity === undefined ? [] : [{ rule, severity }];
    }),
);

function severityOf(rule: AnyRule, config: MeshConfig): Severity | undefined {
  const { code, enforcement } = rule;
  const chosen = guardsEnvoy(rule) ? undefined : config.pillion.findings[code];
  if (chosen === "off") return undefined;
  return severities[chosen ?? enforcement];
}
