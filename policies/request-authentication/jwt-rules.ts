// Tokens: who issues them, where the keys are, where they stand in a request.
import type { JwtRule } from "../../api/request-authentication.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint, filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** A rule for tokens has an issuer, keys from one source, and headers that can be. */
export const jwtRules = rule({
  code: "PIL1611",
  kinds: ["RequestAuthentication"],
  enforcement: "deny",
  summary: "a rule for tokens has an issuer and keys from one source",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.jwtRules, jsonPath("spec", "jwtRules"))) {
      yield* sourceFaults(value, path);
      yield* headerFaults(value, path);
    }
  },
});

/** Whoever may read the object may read its keys. */
export const privateKeys = rule({
  code: "PIL1612",
  kinds: ["RequestAuthentication"],
  enforcement: "warn",
  summary: "jwks holds public keys only",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.jwtRules, jsonPath("spec", "jwtRules"))) {
      for (const [index, key] of keysOf(value.jwks ?? "").entries()) {
        if (!privateFields.some((field) => Object.hasOwn(key, field))) continue;
        yield complaint(
          child(path, "jwks"),
          `key ${index} holds its private half`,
          "Whoever may read the object could sign tokens",
          `Leave out ${privateFields.join(", ")}, and make a new key`,
        );
      }
    }
  },
});

const privateFields = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

function* sourceFaults({ issuer, jwksUri, jwks }: JwtRule, path: JsonPath): Iterable<Complaint> {
  if (!filled(issuer) && !filled(jwksUri)) {
    yield complaint(path, "there is no issuer and no jwksUri", "No token could be meant", "Write the issuer");
  }
  if (jwksUri !== undefined && jwks !== undefined) {
    yield complaint(path, "jwks and jwksUri are set", "Keys come from one source", "Keep one of them");
  }
  if (filled(jwksUri) && !isWebAddress(jwksUri)) {
    const fix = "Write an address such as https://issuer.example/keys";
    yield complaint(child(path, "jwksUri"), `"${jwksUri}" is no web address`, "No keys could be fetched", fix);
  }
  if (filled(jwks) && !isKeySet(jwks)) {
    const fix = 'Write {"keys": [...]} as the issuer publishes it';
    yield complaint(child(path, "jwks"), "the text is no set of keys", "No token could be checked", fix);
  }
}

const headerName = /^[-_A-Za-z0-9]+$/;

function* headerFaults(rule: JwtRule, path: JsonPath): Iterable<Complaint> {
  const reason = "It could not be sent";
  const fix = "Use letters, digits, - and _";
  for (const { value, path: place } of items(rule.outputClaimToHeaders, child(path, "outputClaimToHeaders"))) {
    if (headerName.test(value.header)) continue;
    yield complaint(child(place, "header"), `"${value.header}" is no name of a header`, reason, fix);
  }
  for (const { value, path: place } of items(rule.fromHeaders, child(path, "fromHeaders"))) {
    if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value.name)) continue;
    yield complaint(child(place, "name"), `"${value.name}" is no name of a header`, reason, fix);
  }
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s/?#]/i.test(text) && URL.canParse(text) && !/%(?![0-9A-Fa-f]{2})/.test(text);
}

function isKeySet(text: string): boolean {
  const set = parsed(text);
  return typeof set === "object" && set !== null && (Object.hasOwn(set, "keys") || Object.hasOwn(set, "kty"));
}

function keysOf(text: string): readonly object[] {
  const set = parsed(text);
  const keys: unknown = typeof set === "object" && set !== null && "keys" in set ? set.keys : undefined;
  return Array.isArray(keys) ? keys.filter((key: unknown) => typeof key === "object" && key !== null) : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
