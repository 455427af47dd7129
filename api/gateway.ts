// Gateway: ports that a proxy at the edge of the mesh listens on.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { bool, enumeration, list, map, object, required, type Static, string, uint32 } from "./schema.ts";

const tlsVersions = ["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"] as const;

/** TLS of a port that is listened on. */
export const serverTls = object("TLS of a server", {
  httpsRedirect: bool("Answer plain HTTP with a redirect to HTTPS"),
  mode: enumeration("Whether TLS ends here, and who shows a certificate", [
    "PASSTHROUGH",
    "SIMPLE",
    "MUTUAL",
    "AUTO_PASSTHROUGH",
    "ISTIO_MUTUAL",
    "OPTIONAL_MUTUAL",
  ]),
  serverCertificate: string("File of the certificate"),
  privateKey: string("File of the key"),
  caCertificates: string("File of the roots that callers' certificates are checked with"),
  caCrl: string("File of the revocation list"),
  credentialName: string("Secret with certificate and key"),
  credentialNames: list("Two Secrets, one RSA and one ECDSA", string("Secret name"), { minItems: 1, maxItems: 2 }),
  caCertCredentialName: string("Secret or ConfigMap with the roots for callers' certificates"),
  tlsCertificates: list(
    "Two certificates in files, one RSA and one ECDSA",
    object("One certificate", {
      serverCertificate: string("File of the certificate"),
      privateKey: string("File of the key"),
      caCertificates: string("File of the roots"),
    }),
    { minItems: 1, maxItems: 2 },
  ),
  subjectAltNames: list("Names that callers' certificates may have", string("Name")),
  verifyCertificateSpki: list("Public keys of callers that are accepted", string("base64 of SHA-256 of the SPKI")),
  verifyCertificateHash: list("Certificates of callers that are accepted", string("hex of SHA-256")),
  minProtocolVersion: enumeration("Oldest TLS version", tlsVersions),
  maxProtocolVersion: enumeration("Newest TLS version", tlsVersions),
  cipherSuites: list("Cipher suites; Envoy's own by default", string("Name as in OpenSSL")),
  ecdhCurves: list("Curves for the key exchange", string("Curve name")),
  insecureSkipVerify: bool("Do not check callers' certificates"),
});

const server = object("One port, the hosts on it and its TLS", {
  port: required(
    object("The port", {
      number: required(uint32("Port number")),
      protocol: required(string("HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS")),
      name: required(string("Name of the port")),
      targetPort: uint32("Has no effect in any version"),
    }),
  ),
  bind: string("Address to listen on; all by default"),
  hosts: required(list("Hosts that are exposed", string("Host, *.suffix or *, with an optional namespace/ before it"))),
  tls: serverTls,
  defaultEndpoint: string("Has no effect in any version"),
  name: string("Name of the server"),
});

/** The `spec` of a Gateway. */
export const gatewaySpec = object("Ports at the edge of the mesh", {
  servers: list("Ports with their hosts", server),
  selector: map("Labels of the gateway's pods", string("Value of the label")),
});

export type GatewaySpec = Static<typeof gatewaySpec>;
export type GatewayServer = Static<typeof server>;
export type ServerTls = Static<typeof serverTls>;

/** Ports at the edge of the mesh. @see https://istio.io/latest/docs/reference/config/networking/gateway/ */
export type Gateway = ConfigObject<"Gateway", GatewaySpec>;

export const gatewayKind = {
  kind: "Gateway",
  group: "networking.istio.io",
  versions: ["v1", "v1beta1", "v1alpha3"],
  plural: "gateways",
  shortNames: ["gw"],
  scope: "Namespaced",
  columns: [],
  meshKind: true,
  summary: "Ports, hosts and TLS of a proxy at the edge of the mesh.",
  body: { spec: required(gatewaySpec) },
} as const satisfies KindDescription<"Gateway">;
