// Preferring near endpoints: shares by locality, and where traffic goes when a region is down.
import type { LoadBalancer } from "../../api/traffic-policy.ts";
import { child, type JsonPath } from "../../base/json-path.ts";
import { indexByPrefix } from "../../model/prefix-index.ts";
import type { Complaint } from "../rule.ts";

type Failover = NonNullable<NonNullable<LoadBalancer["localityLbSetting"]>["failover"]>;
type Distribute = NonNullable<NonNullable<LoadBalancer["localityLbSetting"]>["distribute"]>;

/** What is wrong with the settings for localities and zones. */
export function* localityFaults(
  { localityLbSetting: locality, zoneAwareLbSetting: zone }: LoadBalancer,
  path: JsonPath,
): Iterable<Complaint> {
  if (locality !== undefined) {
    const place = child(path, "localityLbSetting");
    const distribute = locality.distribute ?? [];
    if (
      distribute.length > 0 &&
      ((locality.failover?.length ?? 0) > 0 || (locality.failoverPriority?.length ?? 0) > 0)
    ) {
      yield {
        path: place,
        problem: "distribute and failover are both set",
        reason: "One gives fixed shares, the other an order",
        fix: "Keep one of them",
      };
    }
    yield* distributeFaults(distribute, child(place, "distribute"));
    if ((locality.failover?.length ?? 0) > 0) yield* topologyLabels(locality, child(place, "failoverPriority"));
    yield* failoverFaults(locality.failover ?? [], child(place, "failover"));
  }
  if (zone !== undefined) {
    const place = child(path, "zoneAwareLbSetting");
    yield* failoverFaults(zone.failover ?? [], child(place, "failover"));
    yield* topologyLabels(zone, child(place, "failoverPriority"));
  }
}

/** Labels that say where a node is cannot set the order where something else does. */
function* topologyLabels(
  { failoverPriority }: { readonly failoverPriority?: readonly string[] },
  path: JsonPath,
): Iterable<Complaint> {
  for (const [index, label] of (failoverPriority ?? []).entries()) {
    const name = label.split("=", 1)[0] ?? "";
    if (name !== "topology.kubernetes.io/zone" && name !== "topology.kubernetes.io/region") continue;
    yield {
      path: child(path, index),
      problem: `the label is ${name}`,
      reason: "Regions and zones are in an order already",
      fix: "Take it away",
    };
  }
}

function* distributeFaults(distribute: Distribute, path: JsonPath): Iterable<Complaint> {
  const from = distribute.map((entry) => entry.from ?? "");
  yield* overlaps(from, path);
  for (const [index, { to }] of distribute.entries()) {
    const place = child(path, index, "to");
    const shares = Object.entries(to ?? {});
    const sum = shares.reduce((total, [, share]) => total + share, 0);
    if (sum !== 100) {
      yield {
        path: place,
        problem: `the shares sum to ${sum}`,
        reason: "They are percentages of the caller's traffic",
        fix: "Write shares that sum to 100",
      };
    }
    const empty = shares.find(([, share]) => share === 0);
    if (empty !== undefined)
      yield {
        path: child(place, empty[0]),
        problem: "the share is 0",
        reason: "It has no effect",
        fix: "Take it away",
      };
    yield* overlaps(
      shares.map(([name]) => name),
      place,
    );
  }
}

function* overlaps(localities: readonly string[], path: JsonPath): Iterable<Complaint> {
  const earliest = overlapsOf(localities);
  for (const [index, locality] of localities.entries()) {
    const star = locality.indexOf("*");
    if (star !== -1 && star !== locality.length - 1) {
      yield {
        path,
        problem: `the locality "${locality}" has a * before its end`,
        reason: "Only its end may be left open",
        fix: "Write region/zone/*, region/* or *",
      };
      continue;
    }
    if (locality.split("/").includes("")) {
      yield {
        path,
        problem: `the locality "${locality}" has an empty part`,
        reason: "No proxy is in it",
        fix: "Write region/zone/subzone, or fewer parts",
      };
      continue;
    }
    const other = earliest(index, openEnd(locality));
    if (other !== undefined) {
      yield {
        path,
        problem: `the localities "${other}" and "${locality}" overlap`,
        reason: "A proxy would be in both",
        fix: "Narrow one of them",
      };
    }
  }
}

/** The first locality before one of them that overlaps with it: one of the two texts begins with the other. */
function overlapsOf(localities: readonly string[]): (index: number, text: string) => string | undefined {
  const positions = new Map(localities.map((locality, position) => [locality, position] as const).toReversed());
  const places = [...new Set(localities)].map((locality) => ({ locality, position: positions.get(locality) ?? 0 }));
  const { above, below } = indexByPrefix(places, ({ locality }) => openEnd(locality));
  return (index, text) => {
    const [wide] = above(text);
    const [narrow] = below(text);
    const first = [wide, narrow].flatMap((place) => place ?? []).toSorted((a, b) => a.position - b.position)[0];
    return first === undefined || first.position >= index ? undefined : first.locality;
  };
}

function openEnd(text: string): string {
  return text.endsWith("*") ? text.slice(0, -1) : `${text}/`;
}

function* failoverFaults(failover: Failover, path: JsonPath): Iterable<Complaint> {
  for (const [index, { from = "", to = "" }] of failover.entries()) {
    const place = child(path, index);
    if (from === to)
      yield {
        path: place,
        problem: `traffic of "${from}" fails over to itself`,
        reason: "It would go nowhere else",
        fix: "Name another region",
      };
    for (const [field, region] of Object.entries({ from, to })) {
      if (region.includes("*"))
        yield {
          path: child(place, field),
          problem: `"${region}" has a *`,
          reason: "Regions are named one by one",
          fix: "Name a region",
        };
      else if (region.includes("/"))
        yield {
          path: child(place, field),
          problem: `"${region}" names more than a region`,
          reason: "Only whole regions fail over",
          fix: `Write ${region.split("/", 1)[0]}`,
        };
    }
  }
}
