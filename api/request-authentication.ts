// RequestAuthentication: which JSON Web Tokens a workload takes.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { policyTargets } from "./policy-target.ts";
import { alias, bool, duration, enumeration, list, object, required, type Static, string } from "./schema.ts";
import { workloadSelector } from "./workload-selector.ts";

const jwtRule = object("Tokens of one issuer", {
  issuer: string("Issuer, as the token names it", { minLength: 1 }),
  audiences: list("Audiences that are accepted; all by default", string("Audience", { minLength: 1 })),
  jwksUri: alias("jwks_uri", string("Where the keys are", { minLength: 1, maxLength: 2048 })),
  jwks: string("The keys themselves"),
  fromHeaders: list(
    "Headers that hold the token",
    object("One header", {
      name: required(string("Name", { minLength: 1 })),
      prefix: string("What stands before the token"),
    }),
  ),
  fromParams: list("Query parameters that hold the token", string("Name", { minLength: 1 })),
  fromCookies: list("Cookies that hold the token", string("Name", { minLength: 1 })),
  outputPayloadToHeader: string("Header that carries the payload on"),
  forwardOriginalToken: bool("Whether the token goes on to the workload"),
  outputClaimToHeaders: list(
    "Headers that carry single claims on",
    object("One header", {
      header: required(string("Name of the header", { minLength: 1 })),
      claim: required(string("Name of the claim", { minLength: 1 })),
    }),
  ),
  timeout: duration("Time to fetch the keys; 5s by default"),
  spaceDelimitedClaims: list("Claims that are lists in one text", string("Name of the claim", { minLength: 1 }), {
    maxItems: 64,
  }),
  presence: enumeration("Whether requests without a token are refused", ["OPTIONAL", "REQUIRED"]),
});

/** The `spec` of a RequestAuthentication. */
export const requestAuthenticationSpec = object("Which tokens a workload takes", {
  selector: workloadSelector("Pods that it is for; the whole namespace by default"),
  ...policyTargets,
  jwtRules: list("Tokens by issuer", jwtRule, { maxItems: 4096 }),
});

export type RequestAuthenticationSpec = Static<typeof requestAuthenticationSpec>;
export type JwtRule = Static<typeof jwtRule>;

/** Which tokens a workload takes. @see https://istio.io/latest/docs/reference/config/security/request_authentication/ */
export type RequestAuthentication = ConfigObject<"RequestAuthentication", RequestAuthenticationSpec>;

export const requestAuthenticationKind = {
  kind: "RequestAuthentication",
  group: "security.istio.io",
  versions: ["v1", "v1beta1"],
  plural: "requestauthentications",
  shortNames: ["ra"],
  scope: "Namespaced",
  columns: [],
  meshKind: true,
  summary: "Which JSON Web Tokens a workload takes.",
  body: { spec: required(requestAuthenticationSpec) },
} as const satisfies KindDescription<"RequestAuthentication">;
