// AuthorizationPolicy: who may call what.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { policyTargets } from "./policy-target.ts";
import { enumeration, list, object, required, type Static, string } from "./schema.ts";
import { workloadSelector } from "./workload-selector.ts";

const texts = (description: string) => list(description, string("Value; * at its beginning or end, or alone"));

const account = (description: string) =>
  list(description, string("namespace/account, or account", { maxLength: 320 }), { maxItems: 16 });

const source = object("Who calls; all must hold", {
  principals: texts("Identities of mutual TLS, without spiffe://"),
  notPrincipals: texts("Identities that it is not for"),
  requestPrincipals: texts("issuer/subject of tokens"),
  notRequestPrincipals: texts("Tokens that it is not for"),
  namespaces: texts("Namespaces of the callers"),
  notNamespaces: texts("Namespaces that it is not for"),
  serviceAccounts: account("Service accounts of the callers"),
  notServiceAccounts: account("Service accounts that it is not for"),
  ipBlocks: texts("Addresses of the connection"),
  notIpBlocks: texts("Addresses that it is not for"),
  remoteIpBlocks: texts("Addresses of the client, by X-Forwarded-For"),
  notRemoteIpBlocks: texts("Addresses that it is not for"),
  trustDomains: texts("Trust domains of the callers"),
  notTrustDomains: texts("Trust domains that it is not for"),
});

const operation = object("What is called; all must hold", {
  hosts: texts("Hosts"),
  notHosts: texts("Hosts that it is not for"),
  ports: texts("Ports"),
  notPorts: texts("Ports that it is not for"),
  methods: texts("Methods"),
  notMethods: texts("Methods that it is not for"),
  paths: texts("Paths"),
  notPaths: texts("Paths that it is not for"),
});

const rule = object("One rule; from, to and when must all hold", {
  from: list("Who calls; one of them must hold", object("One caller", { source }), { maxItems: 512 }),
  to: list("What is called; one of them must hold", object("One operation", { operation })),
  when: list(
    "Further conditions; all must hold",
    object("One condition", {
      key: required(string("Attribute of the request")),
      values: texts("Values, one of which it has"),
      notValues: texts("Values that it has not"),
    }),
  ),
});

/** The `spec` of an AuthorizationPolicy. */
export const authorizationPolicySpec = object("Who may call what", {
  selector: workloadSelector("Pods that it is for; the whole namespace by default"),
  ...policyTargets,
  rules: list("Rules, one of which must hold; none allows nothing", rule, { maxItems: 512 }),
  action: enumeration("What becomes of requests that match; ALLOW by default", ["ALLOW", "DENY", "AUDIT", "CUSTOM"]),
  provider: object("Who decides, for CUSTOM", { name: string("Name of an extension provider of the mesh") }),
});

export type AuthorizationPolicySpec = Static<typeof authorizationPolicySpec>;
export type AuthorizationRule = Static<typeof rule>;
export type AuthorizationSource = Static<typeof source>;
export type AuthorizationOperation = Static<typeof operation>;

/** Who may call what. @see https://istio.io/latest/docs/reference/config/security/authorization-policy/ */
export type AuthorizationPolicy = ConfigObject<"AuthorizationPolicy", AuthorizationPolicySpec>;

export const authorizationPolicyKind = {
  kind: "AuthorizationPolicy",
  group: "security.istio.io",
  versions: ["v1", "v1beta1"],
  plural: "authorizationpolicies",
  shortNames: ["ap"],
  scope: "Namespaced",
  columns: [
    { name: "Action", jsonPath: ".spec.action", type: "string", description: "What becomes of requests that match" },
    ageColumn,
  ],
  meshKind: true,
  summary: "Who may call what.",
  body: { spec: required(authorizationPolicySpec) },
} as const satisfies KindDescription<"AuthorizationPolicy">;
