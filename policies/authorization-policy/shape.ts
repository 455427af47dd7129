// What an AuthorizationPolicy is made of.
import type { AuthorizationPolicy, AuthorizationRule } from "../../api/authorization-policy.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Parts that are there say something. */
export const policyShape = rule({
  code: "PIL1621",
  kinds: ["AuthorizationPolicy"],
  enforcement: "deny",
  summary: "action, provider and rules of an AuthorizationPolicy fit one another",
  *check(object): Iterable<Complaint> {
    const { spec } = object;
    yield* providerFaults(object);
    if ((spec.action === "DENY" || spec.action === "CUSTOM") && (spec.rules ?? []).length === 0) {
      yield complaint(
        jsonPath("spec", "rules"),
        `the action is ${spec.action}, and there are no rules`,
        "It would never match",
        "Add rules, or one empty rule, [{}], for every request",
      );
    }
    for (const { value, path } of items(spec.rules, jsonPath("spec", "rules"))) yield* ruleFaults(value, path);
  },
});

/** An extension decides before tokens and identities are known. */
export const customConditions = rule({
  code: "PIL1622",
  kinds: ["AuthorizationPolicy"],
  enforcement: "deny",
  summary: "CUSTOM asks for nothing that is known only after it",
  *check({ spec }): Iterable<Complaint> {
    if (spec.action !== "CUSTOM") return;
    const reason = "An extension provider is asked before that is known";
    const fix = "Take it away, or write a policy of its own with ALLOW or DENY";
    for (const { value, path } of items(spec.rules, jsonPath("spec", "rules"))) {
      for (const from of items(value.from, child(path, "from"))) {
        for (const field of lateFields) {
          if ((from.value.source?.[field]?.length ?? 0) === 0) continue;
          const place = child(from.path, "source", field);
          yield complaint(place, `the action is CUSTOM, and ${field} is set`, reason, fix);
        }
      }
      for (const when of items(value.when, child(path, "when"))) {
        if (!lateKeys.test(when.value.key)) continue;
        const problem = `the action is CUSTOM, and a condition is on ${when.value.key}`;
        yield complaint(child(when.path, "key"), problem, reason, fix);
      }
    }
  },
});

const lateFields = [
  "namespaces",
  "notNamespaces",
  "principals",
  "notPrincipals",
  "requestPrincipals",
  "notRequestPrincipals",
] as const;
const lateKeys = /^(source\.(namespace|principal)|request\.auth\..*)$/;

function* providerFaults({ spec }: AuthorizationPolicy): Iterable<Complaint> {
  const path = jsonPath("spec", "provider");
  if (spec.action === "CUSTOM") {
    if (filled(spec.provider?.name)) return;
    const fix = "Write the name of an extension provider of the mesh configuration";
    yield complaint(child(path, "name"), "the action is CUSTOM, and no provider is named", "Nobody could decide", fix);
  } else if (spec.provider !== undefined) {
    const problem = `the action is ${spec.action ?? "ALLOW"}, and a provider is named`;
    yield complaint(path, problem, "Providers decide for CUSTOM only", "Write action: CUSTOM, or take provider away");
  }
}

function* ruleFaults(rule: AuthorizationRule, path: JsonPath): Iterable<Complaint> {
  for (const [list, part] of [
    ["from", "source"],
    ["to", "operation"],
  ] as const) {
    for (const { value, path: place } of items<Readonly<Record<string, unknown>>>(rule[list], child(path, list))) {
      const fields = value[part];
      const isEmpty = typeof fields !== "object" || fields === null || Object.values(fields).every(isNothing);
      if (isEmpty) yield nothing(child(place, part));
    }
  }
  for (const { value, path: place } of items(rule.from, child(path, "from"))) {
    const source = value.source ?? {};
    const accounts = source.serviceAccounts ?? source.notServiceAccounts;
    const others = source.principals ?? source.notPrincipals ?? source.namespaces ?? source.notNamespaces;
    if (accounts === undefined || others === undefined) continue;
    yield complaint(
      child(place, "source"),
      "service accounts and principals or namespaces are set",
      "A service account says both already",
      "Keep one of them",
    );
  }
}

function isNothing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

function nothing(path: JsonPath): Complaint {
  return complaint(
    path,
    "there is nothing in it",
    "Nobody can tell whether it means all or none",
    "Leave it out, or fill it",
  );
}
