// Traces, metrics and access logs.
import type { TelemetrySpec } from "../../api/telemetry.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { celFault } from "../common/cel.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Tags have one source, overrides fit their operation, filters are expressions. */
export const telemetry = rule({
  code: "PIL1901",
  kinds: ["Telemetry"],
  enforcement: "deny",
  summary: "tags, overrides and filters of a Telemetry can be carried out",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.tracing, jsonPath("spec", "tracing"))) {
      for (const [name, tag] of Object.entries(value.customTags ?? {})) {
        yield* tagFaults(name, tag, child(path, "customTags", name));
      }
    }
    for (const { value, path } of items(spec.metrics, jsonPath("spec", "metrics"))) {
      for (const override of items(value.overrides, child(path, "overrides"))) {
        yield* overrideFaults(override.value, override.path);
      }
    }
    for (const { value, path } of items(spec.accessLogging, jsonPath("spec", "accessLogging"))) {
      const text = value.filter?.expression ?? "";
      const fault = text === "" ? undefined : celFault(text);
      if (fault === undefined) continue;
      const fix = "Write an expression of CEL such as response.code >= 400";
      yield complaint(child(path, "filter", "expression"), `the expression ${fault}`, "Envoy could not read it", fix);
    }
  },
});

/** More than one of what there can be one of. */
export const telemetryExcess = rule({
  code: "PIL1902",
  kinds: ["Telemetry"],
  enforcement: "warn",
  summary: "there is one tracing with one provider, and tag overrides have names",
  *check({ spec }): Iterable<Complaint> {
    const tracing = items(spec.tracing, jsonPath("spec", "tracing"));
    const path = jsonPath("spec", "tracing");
    if (tracing.length > 1) {
      yield complaint(path, `there are ${tracing.length} tracings`, "The first counts only", "Join them");
    }
    for (const { value, path: place } of tracing) {
      const count = value.providers?.length ?? 0;
      if (count <= 1) continue;
      const reason = "A request is traced by one provider";
      yield complaint(child(place, "providers"), `there are ${count} providers`, reason, "Keep one of them");
    }
    for (const { value, path: place } of items(spec.metrics, jsonPath("spec", "metrics"))) {
      for (const override of items(value.overrides, child(place, "overrides"))) {
        if (override.value.tagOverrides?.[""] === undefined) continue;
        const at = child(override.path, "tagOverrides");
        yield complaint(at, "a tag has no name", "No tag is changed", "Write the name of a tag");
      }
    }
  },
});

/** Access logs go somewhere. */
export const logProviders = rule({
  code: "PIL1903",
  alias: "IST0157",
  kinds: ["Telemetry"],
  enforcement: "warn",
  summary: "access logs have a provider",
  *check({ spec }, { snapshot }): Iterable<Complaint> {
    if ((snapshot.mesh.config.defaultProviders?.accessLogging?.length ?? 0) > 0) return;
    for (const { value, path } of items(spec.accessLogging, jsonPath("spec", "accessLogging"))) {
      if (value.disabled === true || (value.providers?.length ?? 0) > 0) continue;
      yield complaint(
        path,
        "no provider is named, and the mesh configuration has no default for access logs",
        "Nothing is logged: the item is ignored",
        "Name one, such as providers: [{ name: envoy }], or set defaultProviders.accessLogging of the mesh",
      );
    }
  },
});

type Tag = NonNullable<NonNullable<NonNullable<TelemetrySpec["tracing"]>[number]["customTags"]>[string]>;
type Override = NonNullable<NonNullable<TelemetrySpec["metrics"]>[number]["overrides"]>[number];

function* tagFaults(name: string, tag: Tag, path: JsonPath): Iterable<Complaint> {
  if (name === "") yield complaint(path, "the tag has no name", "Nothing could be written", "Write a name");
  const sources = Object.keys(tag);
  if (sources.length <= 1) return;
  const problem = `the tag has ${sources.join(" and ")}`;
  yield complaint(path, problem, "A tag has one value", "Keep one of them");
}

function* overrideFaults({ match, tagOverrides }: Override, path: JsonPath): Iterable<Complaint> {
  if (match?.metric !== undefined && match.customMetric !== undefined) {
    const reason = "One names a metric of the mesh, the other any other";
    yield complaint(child(path, "match"), "metric and customMetric are set", reason, "Keep one of them");
  }
  for (const [name, { operation = "UPSERT", value }] of Object.entries(tagOverrides ?? {})) {
    const place = child(path, "tagOverrides", name, "value");
    if (operation === "UPSERT" && !filled(value)) {
      yield complaint(
        place,
        "there is no value",
        "The tag would be empty",
        "Write an expression, or operation: REMOVE",
      );
    }
    if (operation === "REMOVE" && value !== undefined) {
      yield complaint(place, "there is a value, and the tag is removed", "It would be lost", "Take it away");
    }
  }
}
