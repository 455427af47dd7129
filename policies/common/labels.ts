import type { ObjectOf } from "../../api/kinds.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { connectionMatchesOf, httpMatchesOf, items } from "../virtual-service/walk.ts";

type Labelled = ObjectOf<"VirtualService" | "DestinationRule" | "ServiceEntry" | "WorkloadEntry" | "WorkloadGroup">;

/** Labels are ones that an object of Kubernetes can have. */
export const labelSyntax = rule({
  code: "PIL1109",
  kinds: ["VirtualService", "DestinationRule", "ServiceEntry", "WorkloadEntry", "WorkloadGroup"],
  enforcement: "deny",
  summary: "labels are ones that Kubernetes takes",
  *check(object): Iterable<Complaint> {
    for (const { labels, path } of labelsOf(object)) {
      for (const [name, value] of Object.entries(labels ?? {})) {
        const fault = !isLabelName(name) ? `"${name}" is no name of a label` : valueFault(value);
        if (fault === undefined) continue;
        const fix = "Use letters, digits, -, _ and ., a letter or digit at both ends, at most 63 characters";
        yield complaint(child(path, name), fault, "No pod or server can have such a label", fix);
      }
    }
  },
});

const word = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const domain = /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/;

function isLabelName(name: string): boolean {
  const slash = name.indexOf("/");
  const isPrefixGood = slash === -1 || (slash <= 253 && domain.test(name.slice(0, slash)));
  return isPrefixGood && word.test(name.slice(slash + 1));
}

function valueFault(value: string): string | undefined {
  return value === "" || word.test(value) ? undefined : `"${value}" is no value of a label`;
}

interface Labels {
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly path: JsonPath;
}

function labelsOf(object: Labelled): readonly Labels[] {
  switch (object.kind) {
    case "VirtualService":
      return [...httpMatchesOf(object), ...connectionMatchesOf(object)].map(({ value, path }) => ({
        labels: value.sourceLabels,
        path: child(path, "sourceLabels"),
      }));
    case "DestinationRule":
      return items(object.spec.subsets, jsonPath("spec", "subsets")).map(({ value, path }) => ({
        labels: value.labels,
        path: child(path, "labels"),
      }));
    case "ServiceEntry":
      return items(object.spec.endpoints, jsonPath("spec", "endpoints")).map(({ value, path }) => ({
        labels: value.labels,
        path: child(path, "labels"),
      }));
    case "WorkloadEntry":
      return [{ labels: object.spec.labels, path: jsonPath("spec", "labels") }];
    case "WorkloadGroup":
      return [{ labels: object.spec.metadata?.labels, path: jsonPath("spec", "metadata", "labels") }];
  }
}
