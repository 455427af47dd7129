// Which pods an object is for: by their labels, or by naming what stands before them.
import type { ObjectOf } from "../../api/kinds.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";

const selectingKinds = [
  "DestinationRule",
  "ServiceEntry",
  "PeerAuthentication",
  "Sidecar",
  "EnvoyFilter",
  "ProxyConfig",
  "RequestAuthentication",
  "AuthorizationPolicy",
  "Telemetry",
  "WasmPlugin",
  "TrafficExtension",
] as const;

/** An object that may select pods. */
export type Selecting = ObjectOf<(typeof selectingKinds)[number]>;

/** Selectors name labels with their values: no wildcards, no empty names. */
export const selectorLabels = rule({
  code: "PIL1106",
  kinds: selectingKinds,
  enforcement: "deny",
  summary: "selectors name labels and their values",
  *check(object): Iterable<Complaint> {
    const { labels = {}, path } = selectorOf(object);
    for (const [name, value] of Object.entries(labels)) {
      const reason = "No pod has such a label";
      const fix = "Write a label and its value, such as app: reviews";
      if (name === "") yield complaint(path, "a label has no name", reason, fix);
      else if (name.includes("*") || value.includes("*")) {
        yield complaint(child(path, name), `"${name}: ${value}" has a *`, reason, fix);
      }
    }
  },
});

/** A selector without labels selects everything, which is said more clearly by no selector. */
export const emptySelectors = rule({
  code: "PIL1107",
  kinds: selectingKinds,
  enforcement: "warn",
  summary: "a selector has labels",
  *check(object): Iterable<Complaint> {
    const { labels, path, isThere } = selectorOf(object);
    if (!isThere || Object.keys(labels ?? {}).length > 0) return;
    yield complaint(
      path,
      "the selector has no labels",
      "It selects every workload of the namespace",
      "Name labels, or take the selector away",
    );
  },
});

/** The labels that an object selects by, and where they stand. */
export function selectorOf(object: Selecting): {
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly path: JsonPath;
  readonly isThere: boolean;
} {
  switch (object.kind) {
    case "DestinationRule": {
      const selector = object.spec.workloadSelector;
      const path = jsonPath("spec", "workloadSelector", "matchLabels");
      return { labels: selector?.matchLabels, path, isThere: selector !== undefined };
    }
    case "ServiceEntry":
    case "Sidecar":
    case "EnvoyFilter": {
      const selector = object.spec.workloadSelector;
      const path = jsonPath("spec", "workloadSelector", "labels");
      return { labels: selector?.labels, path, isThere: selector !== undefined };
    }
    case "PeerAuthentication":
    case "ProxyConfig":
    case "RequestAuthentication":
    case "AuthorizationPolicy":
    case "Telemetry":
    case "WasmPlugin":
    case "TrafficExtension": {
      const { selector } = object.spec;
      const path = jsonPath("spec", "selector", "matchLabels");
      return { labels: selector?.matchLabels, path, isThere: selector !== undefined };
    }
  }
}
