// The control plane's own certificate on its gRPC port, replaced while streams stay open.
import { experimental, type ServerCredentials } from "@grpc/grpc-js";
import type { PrivateKeyPem } from "../certs/private-key-pem.ts";

/** A serving certificate that is renewed from time to time. */
export interface ServingCertificate {
  current(): { readonly certificateChainPem: string; readonly privateKey: PrivateKeyPem };
  /** Calls back when `current()` has changed. Returns the way to stop. */
  subscribe(listener: () => void): () => void;
}

/** Credentials that follow the certificate: new connections get the new one, open ones are left alone. Clients need no certificate. */
export function servingCredentials(certificate: ServingCertificate): ServerCredentials {
  const stops = new Map<experimental.IdentityCertificateUpdateListener, () => void>();
  const provider: experimental.CertificateProvider = {
    addIdentityCertificateListener(listener) {
      const tell = (): void => {
        const { certificateChainPem, privateKey } = certificate.current();
        listener({ certificate: Buffer.from(certificateChainPem), privateKey: Buffer.from(privateKey.reveal()) });
      };
      stops.set(listener, certificate.subscribe(tell));
      // grpc-js asks for this before it listens to what it was told: an answer at once would be lost, and every connection dropped.
      queueMicrotask(tell);
    },
    removeIdentityCertificateListener(listener) {
      stops.get(listener)?.();
      stops.delete(listener);
    },
    addCaCertificateListener: () => undefined,
    removeCaCertificateListener: () => undefined,
  };
  // In grpc-js 1.14 the first parameter is the identity, whatever its declared name says.
  return experimental.createCertificateProviderServerCredentials(provider, null, false);
}
