// Policies that are well-formed and match nothing, or more than was meant.
import type { AuthorizationRule } from "../../api/authorization-policy.ts";
import { oneOf } from "../../api/nearest.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";
import { valuesOf } from "./values.ts";

/** Identities are written without their scheme. */
export const neverMatching = rule({
  code: "PIL3007",
  kinds: ["AuthorizationPolicy"],
  enforcement: "deny",
  summary: "principals are of the form that callers have",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.rules, jsonPath("spec", "rules"))) {
      for (const written of [...valuesOf(value, path), ...principalConditions(value, path)]) {
        if (!/^(not)?principals$/i.test(written.field) || !written.value.startsWith("spiffe://")) continue;
        yield complaint(
          written.path,
          `the principal is "${written.value}"`,
          "Callers are compared without spiffe://, so that it never matches",
          `Write "${written.value.slice("spiffe://".length)}"`,
        );
      }
    }
  },
});

/** Somebody decides for CUSTOM. */
export const unknownProvider = rule({
  code: "PIL2105",
  kinds: ["AuthorizationPolicy"],
  enforcement: "deny",
  summary: "CUSTOM names one of the extension providers of the mesh configuration",
  *check({ spec }, { snapshot }): Iterable<Complaint> {
    const known = snapshot.mesh.config.extensionProviders?.map(({ name }) => name ?? "");
    const { name } = spec.provider ?? {};
    if (spec.action !== "CUSTOM" || !filled(name) || known === undefined || known.includes(name)) return;
    yield complaint(
      jsonPath("spec", "provider", "name"),
      `the mesh configuration has no extension provider "${name}"`,
      everyRequest,
      known.length === 0 ? "Add it to extensionProviders of the mesh configuration" : `Name ${oneOf(known)}`,
    );
  },
});

/** In a mesh without extension providers nobody decides. */
export const noProviders = rule({
  code: "PIL2106",
  kinds: ["AuthorizationPolicy"],
  enforcement: "deny",
  summary: "CUSTOM is for meshes with extension providers",
  *check({ spec }, { snapshot }): Iterable<Complaint> {
    const { name } = spec.provider ?? {};
    if (spec.action !== "CUSTOM" || !filled(name) || snapshot.mesh.config.extensionProviders !== undefined) return;
    yield complaint(
      jsonPath("spec", "provider", "name"),
      `the mesh configuration has no extension providers, and "${name}" is named`,
      everyRequest,
      "Add it to extensionProviders of the mesh configuration",
    );
  },
});

const everyRequest = "Nobody could decide, so that every request would be refused";

/** On a port that carries TCP, what is known of HTTP only never holds. */
export const httpOnly = rule({
  code: "PIL3008",
  kinds: ["AuthorizationPolicy"],
  enforcement: "warn",
  summary: "rules with HTTP conditions name the ports that they are for",
  *check({ spec }): Iterable<Complaint> {
    const action = spec.action ?? "ALLOW";
    if (action !== "DENY" && action !== "ALLOW") return;
    for (const { value, path } of items(spec.rules, jsonPath("spec", "rules"))) {
      const hasPorts = (value.to ?? []).some(({ operation }) => (operation?.ports?.length ?? 0) > 0);
      const fields = httpFields(value);
      if (hasPorts || fields.length === 0) continue;
      yield complaint(
        path,
        `the rule asks for ${fields.join(" and ")}, and names no port`,
        action === "DENY"
          ? "On ports that carry TCP all connections are refused: what HTTP would tell is left out there"
          : "On ports that carry TCP the rule never matches, so that it lets no connection through",
        "Name the HTTP ports in to.operation.ports",
      );
    }
  },
});

function* principalConditions(rule: AuthorizationRule, path: JsonPath) {
  for (const { value, path: place } of items(rule.when, child(path, "when"))) {
    if (value.key !== "source.principal") continue;
    for (const list of ["values", "notValues"] as const) {
      for (const item of items(value[list], child(place, list))) {
        yield { field: "principals", value: item.value, path: item.path };
      }
    }
  }
}

const httpNames = ["hosts", "methods", "paths", "requestPrincipals", "remoteIpBlocks"];

/** Fields of a rule that only HTTP requests have. */
function httpFields(rule: AuthorizationRule): readonly string[] {
  const parts = [
    ...(rule.from ?? []).map(({ source }) => source),
    ...(rule.to ?? []).map(({ operation }) => operation),
  ];
  const names = parts.flatMap((part) =>
    Object.entries<readonly string[] | undefined>(part ?? {}).flatMap(([name, list]) =>
      (list?.length ?? 0) > 0 ? [name] : [],
    ),
  );
  const plain = (name: string) => name.replace(/^not(.)/, (_, first: string) => first.toLowerCase());
  const conditions = (rule.when ?? []).map(({ key }) => key).filter((key) => key.startsWith("request."));
  return [...new Set([...names.filter((name) => httpNames.includes(plain(name))), ...conditions])];
}
