// Fields of the user's own istio-proxy that our rules and arguments are made from: a guess there would let traffic past the proxy.
import { isObject, type Json, type JsonObject, objectAt, textAt } from "./json.ts";
import type { PodReport } from "./pod-findings.ts";
import { quantityValue } from "./quantity.ts";
import type { Overrides } from "./status.ts";

/** Largest number of a user or group. @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#security-context */
const mostUsers = 2_147_483_647;

const user = {
  expects: `a whole number from 0 to ${mostUsers}`,
  holds: (value: Json): boolean =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= mostUsers,
};
const quantity = {
  expects: 'a Kubernetes quantity such as "100m", "2" or "128Mi"',
  holds: (value: Json): boolean => (quantityValue(value) ?? -1) >= 0,
};
const list = { expects: "a list", holds: (value: Json): boolean => Array.isArray(value) };

/** Reports fields of the user's own containers that have another form than they must have. */
export function checkOverrides(overrides: Overrides, report: PodReport): void {
  for (const container of [...overrides.containers, ...overrides.initContainers]) {
    const check = (path: readonly string[], { expects, holds }: typeof user): void => {
      const value = valueAt(container, path);
      if (value !== undefined && value !== null && !holds(value))
        report.malformedField(textAt(container, "name"), path.join("."), value, expects);
    };
    for (const name of ["runAsUser", "runAsGroup"]) check(["securityContext", name], user);
    for (const kind of ["limits", "requests"]) {
      for (const name of Object.keys(objectAt(container, "resources", kind)))
        check(["resources", kind, name], quantity);
    }
    for (const name of ["args", "command", "env", "ports", "volumeMounts"]) check([name], list);
  }
}

function valueAt(container: JsonObject, path: readonly string[]): Json | undefined {
  let at: Json | undefined = container;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return at;
}
