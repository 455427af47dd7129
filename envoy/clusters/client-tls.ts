// TLS that a DestinationRule asks for with certificates of its own: SIMPLE and MUTUAL.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ClientTls } from "../../api/traffic-policy.ts";
import { file } from "../data-source.ts";
import { extension } from "../pack.ts";
import { type TransportSocket, TransportSocketSchema } from "../proto/envoy/config/core/v3/base_pb.ts";
import type { UpstreamHttpProtocolOptionsSchema } from "../proto/envoy/config/core/v3/protocol_pb.ts";
import {
  type CertificateValidationContext,
  CertificateValidationContextSchema,
  SubjectAltNameMatcher_SanType,
} from "../proto/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { UpstreamTlsContextSchema } from "../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";

/** Where Debian, and so the proxy's image, keeps the roots that everybody trusts. */
const systemRoots = "/etc/ssl/certs/ca-certificates.crt";

/** The server of TLS that is not the mesh's. */
export interface ForeignServer {
  readonly host: string;
  /** Names that its ServiceEntry gives the certificate; the rule's own go before them. */
  readonly subjectAltNames: readonly string[];
}

/**
 * The client's end of TLS that is not the mesh's. The server is checked unless the rule says otherwise: by the system's
 * roots where it names none, and by its host where nobody names SNI or alternative names, as in Istio.
 */
export function clientTls(tls: ClientTls, server: ForeignServer, alpn: readonly string[]): TransportSocket {
  const { host } = server;
  const validation = validationOf(tls, server);
  const certificate =
    tls.mode === "MUTUAL" && tls.clientCertificate !== undefined && tls.privateKey !== undefined
      ? [{ certificateChain: file(tls.clientCertificate), privateKey: file(tls.privateKey) }]
      : [];
  const socket = extension("envoy.transport_sockets.tls", UpstreamTlsContextSchema, {
    sni: serverName(tls.sni, host),
    commonTlsContext: {
      alpnProtocols: [...alpn],
      tlsCertificates: certificate,
      ...(validation === undefined ? {} : { validationContextType: { case: "validationContext", value: validation } }),
    },
  });
  return create(TransportSocketSchema, socket);
}

/**
 * The servers of a wildcard host are known by the requests to them: their names are what Envoy sends and checks then,
 * where nobody names others. Undefined where the host or the rule tells the name.
 */
export function namedByRequests(
  tls: ClientTls | undefined,
  { host, subjectAltNames }: ForeignServer,
): MessageInitShape<typeof UpstreamHttpProtocolOptionsSchema> | undefined {
  const isForeign = tls?.mode === "SIMPLE" || tls?.mode === "MUTUAL";
  if (!isForeign || !host.startsWith("*") || (tls.sni ?? "") !== "") return undefined;
  const isNamed = subjectAltNames.length + (tls.subjectAltNames?.length ?? 0) > 0;
  return { autoSni: true, autoSanValidation: !isNamed && tls.insecureSkipVerify !== true };
}

function validationOf(
  tls: ClientTls,
  { host, subjectAltNames: ofEntry }: ForeignServer,
): CertificateValidationContext | undefined {
  if (tls.insecureSkipVerify === true) return undefined;
  const { caCertificates = "", sni = "", subjectAltNames = [] } = tls;
  const own = sni === "" && !host.startsWith("*") ? [host] : [];
  const names = [subjectAltNames, ofEntry, own].find((list) => list.length > 0) ?? [];
  return create(CertificateValidationContextSchema, {
    trustedCa: file(caCertificates === "" || caCertificates === "system" ? systemRoots : caCertificates),
    matchTypedSubjectAltNames: names.map((name) => ({
      sanType: name.includes("://") ? SubjectAltNameMatcher_SanType.URI : SubjectAltNameMatcher_SanType.DNS,
      matcher: { matchPattern: { case: "exact" as const, value: name } },
    })),
    ...(tls.caCrl === undefined || tls.caCrl === "" ? {} : { crl: file(tls.caCrl) }),
  });
}

/** The name to send; a wildcard is no name. */
function serverName(sni: string | undefined, host: string): string {
  if (sni !== undefined && sni !== "") return sni;
  return host.startsWith("*") ? "" : host;
}
