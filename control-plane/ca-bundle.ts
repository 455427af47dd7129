// Who signs and who is trusted: not the same while a root is being replaced, when the old one and the new one are trusted.
import { createHash } from "node:crypto";
import { type Ca, type Issued, type IssueRequest, issue } from "../certs/ca.ts";

/** The mesh's certificate authority as of now. */
export interface CaBundle {
  /** Signs. */
  readonly signing: Ca;
  /** PEM of what leads from the signing certificate up to a root; "" where the signing certificate is a root itself. */
  readonly intermediatesPem: string;
  /** PEM of each root that is trusted; at least one. */
  readonly roots: readonly string[];
  /** When the newest root came, in milliseconds since 1970; 0 where nobody had to learn of it. */
  readonly rootsSinceMs: number;
  /** False while proxies may not trust yet what `signing` signs: a certificate that they hold stays in use. */
  readonly mayReplace: boolean;
}

/** Of a bundle in which nothing is being replaced. */
export const settled = { rootsSinceMs: 0, mayReplace: true } as const;

/** A bundle that may change. */
export interface CaSource {
  current(): CaBundle;
  /** @returns the way to stop. */
  subscribe(listener: () => void): () => void;
}

/** A CA that is its own root and stays. */
export function fixedCa(ca: Ca): CaSource {
  const bundle: CaBundle = { ...settled, signing: ca, intermediatesPem: "", roots: [ca.certificatePem] };
  return { current: () => bundle, subscribe: () => () => undefined };
}

/** A fresh certificate with its whole chain below the root. */
export function issueFrom({ signing, intermediatesPem }: CaBundle, request: IssueRequest): Issued {
  const issued = issue(signing, request);
  return { ...issued, certificateChainPem: joinPem([issued.certificateChainPem, intermediatesPem]) };
}

/** All roots in one file. */
export function rootsPem({ roots }: Pick<CaBundle, "roots">): string {
  return joinPem(roots);
}

/** The same for the same roots in whatever process; hex. */
export function rootsVersion(bundle: Pick<CaBundle, "roots">): string {
  return createHash("sha256").update(rootsPem(bundle)).digest("hex");
}

/** Certificates one below the other, each ending with a line break. */
export function joinPem(parts: readonly string[]): string {
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => `${part}\n`)
    .join("");
}

/** The single certificates of a file. */
export function splitPem(text: string): readonly string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return found.map((part) => `${part}\n`);
}
