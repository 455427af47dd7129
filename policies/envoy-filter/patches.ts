// Patches of Envoy's configuration: whether they can be applied at all.
import type { ConfigPatch } from "../../api/envoy-filter.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { regexFault } from "../common/regex.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** A patch says what it changes, where, and how. */
export const patches = rule({
  code: "PIL1931",
  kinds: ["EnvoyFilter"],
  enforcement: "deny",
  summary: "a patch says what it changes, where and how",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.configPatches, jsonPath("spec", "configPatches"))) {
      yield* actionFaults(value, path);
      yield* matchFaults(value, child(path, "match"));
      for (const type of typesIn(value.patch?.value, child(path, "patch", "value"))) {
        if (!/\.v2(alpha\d*)?\.|envoy\.(config\.filter|api)\./.test(type.value)) continue;
        const fix = "Use the type of the v3 API";
        yield complaint(type.path, `the type is ${type.value}`, "Envoy knows the v3 API only", fix);
      }
    }
  },
});

/** Operations that are left out where they stand. */
export const misplacedOperations = rule({
  code: "PIL1932",
  alias: "IST0152",
  kinds: ["EnvoyFilter"],
  enforcement: "warn",
  summary: "operations stand where they can act",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.configPatches, jsonPath("spec", "configPatches"))) {
      const { applyTo = "INVALID", patch } = value;
      const operation = patch?.operation ?? "INVALID";
      const place = child(path, "patch", "operation");
      if (operation === "REPLACE" && !["HTTP_FILTER", "NETWORK_FILTER"].includes(applyTo)) {
        const reason = "REPLACE acts on filters only";
        yield complaint(place, `${applyTo} is replaced`, reason, "Use MERGE, or REMOVE and ADD");
      }
      const isRoute = applyTo === "ROUTE_CONFIGURATION" || applyTo === "HTTP_ROUTE";
      if (isRoute && (operation === "ADD" || operation === "REMOVE")) {
        const reason = "Routes and their tables are changed by MERGE only";
        const found = complaint(place, `the operation is ${operation} on ${applyTo}`, reason, "Use MERGE");
        yield { ...found, alias: operation === "ADD" ? "IST0153" : "IST0154" };
      }
    }
  },
});

/** Patches that find their place by what other patches did need an order. */
export const relativeOperations = rule({
  code: "PIL1933",
  alias: "IST0151",
  kinds: ["EnvoyFilter"],
  enforcement: "warn",
  summary: "patches that stand in relation to others have a priority",
  *check({ spec }): Iterable<Complaint> {
    if ((spec.priority ?? 0) !== 0) return;
    for (const { value, path } of items(spec.configPatches, jsonPath("spec", "configPatches"))) {
      const operation = value.patch?.operation ?? "INVALID";
      const isRelative = ["INSERT_BEFORE", "INSERT_AFTER", "REPLACE", "MERGE", "REMOVE"].includes(operation);
      // Only filters are found by the name of another; clusters, listeners and routes are found by what they are.
      if (!isRelative || !["HTTP_FILTER", "NETWORK_FILTER"].includes(value.applyTo ?? "INVALID")) continue;
      const isVersioned = filled(value.match?.proxy?.proxyVersion);
      const found = complaint(
        child(path, "patch", "operation"),
        `the operation is ${operation}${isVersioned ? ", for some versions of the proxy" : ""}, and there is no priority`,
        "It finds nothing when the patch that it builds upon comes later",
        "Set spec.priority, or use INSERT_FIRST or ADD",
      );
      yield { ...found, alias: isVersioned ? "IST0155" : "IST0151" };
    }
  },
});

function* actionFaults({ applyTo = "INVALID", patch }: ConfigPatch, path: JsonPath): Iterable<Complaint> {
  if (applyTo === "INVALID") {
    const fix = "Write one such as HTTP_FILTER or CLUSTER";
    yield complaint(child(path, "applyTo"), "applyTo is missing", "Nothing could be changed", fix);
  }
  const place = child(path, "patch");
  if (patch === undefined) {
    yield complaint(place, "the patch is missing", "Nothing would be changed", "Add patch with operation and value");
    return;
  }
  const { operation = "INVALID", value } = patch;
  if (operation === "INVALID") {
    const fix = "Write one such as MERGE, ADD or INSERT_BEFORE";
    yield complaint(child(place, "operation"), "the operation is missing", "Nothing would be changed", fix);
  } else if (operation !== "REMOVE" && value === undefined) {
    const problem = `the operation is ${operation}, and there is no value`;
    yield complaint(child(place, "value"), problem, "Nothing would be changed", "Add value");
  }
}

const listenerClass = ["LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER", "LISTENER_FILTER"];
const routeClass = ["ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"];

/** Parts of a match of which one can be set. */
const objects = ["listener", "routeConfiguration", "cluster", "waypoint"] as const;

function* matchFaults({ applyTo = "INVALID", match }: ConfigPatch, path: JsonPath): Iterable<Complaint> {
  if (match === undefined) return;
  yield* versionFaults(match, path);
  const there = objects.filter((name) => match[name] !== undefined);
  if (there.length > 1) {
    yield complaint(path, `${there.join(" and ")} are set`, "A patch is for one sort of object", "Keep one of them");
  }
  if ((match.context === "WAYPOINT") !== (match.waypoint !== undefined)) {
    const fix = "Write context: WAYPOINT and waypoint, both or neither";
    yield complaint(child(path, "context"), `the context is ${match.context ?? "ANY"}`, "Nothing could match", fix);
  }
  const fitting = listenerClass.includes(applyTo)
    ? "listener"
    : routeClass.includes(applyTo)
      ? "routeConfiguration"
      : applyTo === "CLUSTER"
        ? "cluster"
        : undefined;
  const [first] = there;
  if (fitting !== undefined && first !== undefined && first !== fitting && first !== "waypoint") {
    const problem = `applyTo is ${applyTo}, and the match is on ${first}`;
    yield complaint(child(path, first), problem, "Nothing could match", `Write ${fitting}`);
  }
  if (listenerClass.includes(applyTo)) yield* filterFaults(applyTo, match, path);
}

type Match = NonNullable<ConfigPatch["match"]>;

function* versionFaults({ proxy }: Match, path: JsonPath): Iterable<Complaint> {
  const version = proxy?.proxyVersion ?? "";
  // A longer one is left out by Istio's own proxies.
  const fault = version === "" || version.length > 1024 ? undefined : regexFault(version);
  if (fault === undefined) return;
  yield complaint(child(path, "proxy", "proxyVersion"), fault.problem, "No version could match", fault.fix);
}

function* filterFaults(applyTo: string, { listener }: Match, path: JsonPath): Iterable<Complaint> {
  const filter = listener?.filterChain?.filter;
  if (filter === undefined) return;
  const place = child(path, "listener", "filterChain", "filter");
  if (applyTo === "LISTENER" || applyTo === "FILTER_CHAIN") {
    const problem = `applyTo is ${applyTo}, and a filter is matched`;
    yield complaint(place, problem, "It has no effect on such a patch", "Take filter away");
  } else if (!filled(filter.name)) {
    yield complaint(child(place, "name"), "the filter has no name", "Nothing could match", "Write its name");
  }
  if (filter.subFilter === undefined) return;
  const inside = child(place, "subFilter");
  const manager = "envoy.filters.network.http_connection_manager";
  if (applyTo !== "HTTP_FILTER") {
    const fix = "Write applyTo: HTTP_FILTER, or take subFilter away";
    yield complaint(inside, `applyTo is ${applyTo}, and a filter inside is matched`, "Nothing could match", fix);
  } else if (filter.name !== manager && filter.name !== "envoy.http_connection_manager") {
    const problem = `the filter is "${filter.name ?? ""}", and a filter inside is matched`;
    yield complaint(inside, problem, "HTTP filters are inside of the connection manager only", `Name ${manager}`);
  }
  if (!filled(filter.subFilter.name)) {
    yield complaint(child(inside, "name"), "the filter inside has no name", "Nothing could match", "Write its name");
  }
}

/** Every "@type" in a value. */
function* typesIn(value: unknown, path: JsonPath): Iterable<{ value: string; path: JsonPath }> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const place = child(path, Array.isArray(value) ? Number(key) : key);
    if (key === "@type" && typeof item === "string") yield { value: item, path: place };
    else yield* typesIn(item, place);
  }
}
