// The values that requests are compared with.
import type { AuthorizationRule } from "../../api/authorization-policy.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { addressFault } from "../common/names.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

interface Written {
  readonly field: string;
  readonly value: string;
  readonly path: JsonPath;
}

/** Values are of the form of what they are compared with. */
export const policyValues = rule({
  code: "PIL1623",
  kinds: ["AuthorizationPolicy"],
  enforcement: "deny",
  summary: "values of an AuthorizationPolicy are addresses, ports and names where such are compared",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.rules, jsonPath("spec", "rules"))) {
      for (const written of valuesOf(value, path)) {
        const fault = valueFault(written);
        if (fault === undefined) continue;
        const [problem, fix] = fault;
        yield complaint(written.path, problem, "No request could match", fix);
      }
      yield* conditionFaults(value, path);
    }
  },
});

/** Every value of sources and operations. */
export function* valuesOf(rule: AuthorizationRule, path: JsonPath): Iterable<Written> {
  const parts = [
    ...items(rule.from, child(path, "from")).map((from) => ({
      fields: from.value.source,
      at: child(from.path, "source"),
    })),
    ...items(rule.to, child(path, "to")).map((to) => ({ fields: to.value.operation, at: child(to.path, "operation") })),
  ];
  for (const { fields, at } of parts) {
    for (const [field, list] of Object.entries<readonly string[] | undefined>(fields ?? {})) {
      for (const { value, path: place } of items(list, child(at, field))) yield { field, value, path: place };
    }
  }
}

function valueFault({ field, value }: Written): readonly [string, string] | undefined {
  if (value === "") return ["a value is empty", "Write a value, or * for any"];
  if (/ipBlocks$/i.test(field)) {
    const fault = addressFault(value);
    return fault === undefined
      ? undefined
      : [`"${value}" ${fault}`, "Write an address or a network such as 10.0.0.0/8"];
  }
  if (/ports$/i.test(field)) return isPort(value) ? undefined : [`"${value}" is no port`, "Write 1 to 65535"];
  if (/paths$/i.test(field)) return pathFault(value);
  if (/serviceAccounts$/i.test(field)) return accountFault(value);
  return undefined;
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) <= 65_535;
}

/** {*} is one segment, {**} all that follow; nothing else stands in braces, and no other * beside them. */
function pathFault(path: string): readonly [string, string] | undefined {
  if (!path.includes("{*}") && !path.includes("{**}")) return undefined;
  const rest = path.replaceAll("{**}", "").replaceAll("{*}", "");
  const fix = "Write segments that are {*} or {**} as a whole, with {**} at most once";
  if (/[*{}]/.test(rest)) return [`"${path}" has * or braces outside of {*} and {**}`, fix];
  const segments = path.split("/");
  const isMixed = segments.some((part) => part.includes("{") && part !== "{*}" && part !== "{**}");
  if (isMixed) return [`"${path}" has a segment that is a template in part`, fix];
  return segments.filter((part) => part === "{**}").length > 1 ? [`"${path}" has {**} twice`, fix] : undefined;
}

function accountFault(account: string): readonly [string, string] | undefined {
  const parts = account.split("/");
  const isGood = parts.length <= 2 && parts.every((part) => part !== "" && !part.includes("*"));
  return isGood ? undefined : [`"${account}" is no service account`, "Write namespace/account, or account"];
}

const keys =
  /^(request\.headers\[.+\]|source\.(ip|namespace|principal|serviceAccount|trustDomain|user)|remote\.ip|request\.auth\.(principal|audiences|presenter|claims\[.+\])|destination\.(ip|port|user)|connection\.sni|experimental\.envoy\.filters\..+)$/;

function* conditionFaults(rule: AuthorizationRule, path: JsonPath): Iterable<Complaint> {
  for (const { value, path: place } of items(rule.when, child(path, "when"))) {
    const { key, values = [], notValues = [] } = value;
    if (!keys.test(key)) {
      const fix = "Write one such as request.headers[x-token], source.ip, request.auth.claims[group] or connection.sni";
      yield complaint(child(place, "key"), `there is no attribute "${key}"`, "No request could match", fix);
    }
    if (values.length + notValues.length === 0) {
      yield complaint(place, `the condition on "${key}" has no values`, "It would compare with nothing", "Add values");
    }
    for (const list of ["values", "notValues"] as const) {
      for (const item of items(value[list], child(place, list))) {
        const fault = attributeFault(key, item.value);
        if (fault === undefined) continue;
        yield complaint(item.path, fault, "No request could match", "Write a value that the attribute can have");
      }
    }
  }
}

function attributeFault(key: string, value: string): string | undefined {
  if (/\.ip$/.test(key)) {
    const fault = addressFault(value);
    return fault === undefined ? undefined : `"${value}" ${fault}`;
  }
  if (key === "destination.port") return isPort(value) ? undefined : `"${value}" is no port`;
  return value === "" ? "a value is empty" : undefined;
}
