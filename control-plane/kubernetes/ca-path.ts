// The way from a signing certificate up to a root that is trusted. Peers are sent it without its end.
import { X509Certificate } from "node:crypto";
import { splitPem } from "../ca-bundle.ts";

/** One key of a Secret, with the certificates in it. */
export interface CertificateFile {
  readonly name: string;
  readonly certificates: readonly X509Certificate[];
}

/** The certificates in a text. @throws Error with a sentence when there is none, or one is damaged. */
export function certificateFile(name: string, text: string): CertificateFile {
  const parts = splitPem(text);
  if (parts.length === 0) throw new Error(`${name} holds no certificate: it is not PEM with BEGIN CERTIFICATE`);
  try {
    return { name, certificates: parts.map((part) => new X509Certificate(part)) };
  } catch {
    throw new Error(`${name} holds a certificate that is damaged`);
  }
}

/**
 * The certificates that lead from `signing` (included) to one of the roots (not included); none when it is a root itself.
 * @throws Error with a sentence when a link is missing, is no CA, or has expired (`now` in milliseconds since 1970).
 */
export function pathToRoot(
  signing: X509Certificate,
  files: { readonly roots: CertificateFile; readonly chain: CertificateFile | undefined },
  now: number,
): readonly X509Certificate[] {
  const { roots, chain } = files;
  if (roots.certificates.some(({ fingerprint256 }) => fingerprint256 === signing.fingerprint256)) return [];
  if (isSignedBy(signing, signing)) throw new Error(`the certificate is a root that ${roots.name} does not hold`);
  const path: X509Certificate[] = [];
  for (let at = signing; ; ) {
    path.push(at);
    const root = roots.certificates.find((one) => isSignedBy(at, one));
    if (root !== undefined) {
      assertGood(root, roots.name, now);
      return path;
    }
    const link = chain?.certificates.find((one) => isSignedBy(at, one) && !path.includes(one));
    if (chain === undefined || link === undefined) {
      const where = chain === undefined ? roots.name : `${roots.name} or a link in ${chain.name}`;
      throw new Error(`the certificate does not lead to a root: its issuer (${oneLine(at.issuer)}) is not in ${where}`);
    }
    assertGood(link, chain.name, now);
    at = link;
  }
}

/** Whether one certificate's key made the other. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function assertGood(issuer: X509Certificate, file: string, now: number): void {
  const who = `"${oneLine(issuer.subject)}" in ${file}`;
  if (!issuer.ca) throw new Error(`${who} is not the certificate of a CA`);
  if (Date.parse(issuer.validTo) <= now) throw new Error(`${who} expired on ${issuer.validTo}`);
}

/** Node writes a name with one part a line. */
const oneLine = (name: string): string => name.replaceAll("\n", ", ");
