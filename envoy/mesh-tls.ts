// Mutual TLS of the mesh: both ends show the workload's certificate and check the other's against the mesh's roots.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../base/memo.ts";
import type { MeshSettings } from "../model/snapshot.ts";
import { ads } from "./address.ts";
import { rootSecret, workloadSecret } from "./names.ts";
import { extension } from "./pack.ts";
import { type TransportSocket, TransportSocketSchema } from "./proto/envoy/config/core/v3/base_pb.ts";
import { RawBufferSchema } from "./proto/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts";
import {
  type SubjectAltNameMatcher,
  SubjectAltNameMatcher_SanType,
  SubjectAltNameMatcherSchema,
} from "./proto/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import {
  type CommonTlsContext,
  CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "./proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { type ResourceName, typeUrls } from "./resource.ts";

/** How a client of the mesh says in the handshake what follows inside: requests, or bytes. */
export const meshAlpn = {
  http: ["istio-http/1.0", "istio-http/1.1", "istio-h2"],
  tcp: ["istio", "istio-peer-exchange"],
} as const;

/** What the metadata of an endpoint says that takes mutual TLS of the mesh. */
export const meshTlsMatch = { tlsMode: "istio" } as const;

/** The secrets that both ends of mutual TLS need. */
export const meshSecrets: readonly ResourceName[] = [
  { type: typeUrls.secret, name: workloadSecret },
  { type: typeUrls.secret, name: rootSecret },
];

/** The server's end: anybody with a certificate of the mesh may connect. */
export const meshServerTls = memoize(
  (mesh: MeshSettings, layer: "http" | "tcp"): TransportSocket =>
    tlsSocket(
      extension("envoy.transport_sockets.tls", DownstreamTlsContextSchema, {
        commonTlsContext: tlsContext([trustDomainMatcher(mesh)], layer === "http" ? ["h2", "http/1.1"] : []),
        requireClientCertificate: true,
      }),
    ),
);

/** What the client's end of mutual TLS asks for. */
export interface ClientTlsOptions {
  /** Server name to send. */
  readonly sni: string;
  readonly alpn: readonly string[];
  /** SPIFFE IDs that the server may have; none known: any of the trust domain. */
  readonly identities: readonly string[];
}

/** The client's end. */
export function meshClientTls(mesh: MeshSettings, { sni, alpn, identities }: ClientTlsOptions): TransportSocket {
  const names = identities.length === 0 ? [trustDomainMatcher(mesh)] : identities.map(exactUri);
  return tlsSocket(
    extension("envoy.transport_sockets.tls", UpstreamTlsContextSchema, {
      commonTlsContext: tlsContext(names, alpn),
      sni,
    }),
  );
}

/** No TLS. */
export const plainText: TransportSocket = tlsSocket(
  extension("envoy.transport_sockets.raw_buffer", RawBufferSchema, {}),
);

function tlsSocket(socket: ReturnType<typeof extension>): TransportSocket {
  return create(TransportSocketSchema, socket);
}

function tlsContext(names: SubjectAltNameMatcher[], alpn: readonly string[]): CommonTlsContext {
  return create(CommonTlsContextSchema, {
    alpnProtocols: [...alpn],
    tlsCertificateSdsSecretConfigs: [{ name: workloadSecret, sdsConfig: ads }],
    validationContextType: {
      case: "combinedValidationContext",
      value: {
        defaultValidationContext: { matchTypedSubjectAltNames: names },
        validationContextSdsSecretConfig: { name: rootSecret, sdsConfig: ads },
      },
    },
  });
}

function trustDomainMatcher(mesh: MeshSettings): SubjectAltNameMatcher {
  return create(SubjectAltNameMatcherSchema, {
    sanType: SubjectAltNameMatcher_SanType.URI,
    matcher: { matchPattern: { case: "prefix", value: `spiffe://${mesh.trustDomain}/` } },
  });
}

function exactUri(identity: string): SubjectAltNameMatcher {
  return create(SubjectAltNameMatcherSchema, {
    sanType: SubjectAltNameMatcher_SanType.URI,
    matcher: { matchPattern: { case: "exact", value: identity } },
  });
}
