// TLS that a gateway ends: with the workload's own certificate, or with certificates in files.
import { create } from "@bufbuild/protobuf";
import type { ServerTls } from "../api/gateway.ts";
import type { MeshSettings } from "../model/snapshot.ts";
import { file } from "./data-source.ts";
import { meshServerTls } from "./mesh-tls.ts";
import { extension } from "./pack.ts";
import { type TransportSocket, TransportSocketSchema } from "./proto/envoy/config/core/v3/base_pb.ts";
import { CertificateValidationContext_TrustChainVerification } from "./proto/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { DownstreamTlsContextSchema } from "./proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";

const { ACCEPT_UNTRUSTED, VERIFY_TRUST_CHAIN } = CertificateValidationContext_TrustChainVerification;

/**
 * How to make the server's end of TLS; undefined where TLS passes through, or where the certificate is one that the
 * proxy does not have: a listener that waits for it would keep the whole gateway from becoming ready.
 */
export function serverTls(
  tls: ServerTls | undefined,
  content: "http" | "tcp",
): ((mesh: MeshSettings) => TransportSocket) | undefined {
  switch (tls?.mode) {
    case "ISTIO_MUTUAL":
      return (mesh) => meshServerTls(mesh, content);
    case "SIMPLE":
    case "MUTUAL":
    case "OPTIONAL_MUTUAL":
      return fromFiles(tls, content);
    case "PASSTHROUGH":
    case "AUTO_PASSTHROUGH":
    case undefined:
      return undefined;
  }
}

function fromFiles(tls: ServerTls, content: "http" | "tcp"): (() => TransportSocket) | undefined {
  const { serverCertificate, privateKey, caCertificates, mode, insecureSkipVerify } = tls;
  if (serverCertificate === undefined || serverCertificate === "" || privateKey === undefined) return undefined;
  const checks = mode !== "SIMPLE" && caCertificates !== undefined && caCertificates !== "";
  if (mode === "MUTUAL" && !checks) return undefined;
  const socket = extension("envoy.transport_sockets.tls", DownstreamTlsContextSchema, {
    requireClientCertificate: mode === "MUTUAL",
    commonTlsContext: {
      alpnProtocols: content === "http" ? ["h2", "http/1.1"] : [],
      tlsCertificates: [{ certificateChain: file(serverCertificate), privateKey: file(privateKey) }],
      ...(checks
        ? {
            validationContextType: {
              case: "validationContext",
              value: {
                trustedCa: file(caCertificates),
                trustChainVerification: insecureSkipVerify === true ? ACCEPT_UNTRUSTED : VERIFY_TRUST_CHAIN,
              },
            },
          }
        : {}),
    },
  });
  return () => create(TransportSocketSchema, socket);
}
