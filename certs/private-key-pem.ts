// A private key that cannot slip into a log, an error or a JSON document.
import { inspect } from "node:util";

const redacted = "[redacted]";

/** A private key as PKCS #8 PEM text; only `reveal()` shows it. */
export class PrivateKeyPem {
  readonly #pem: string;

  constructor(pem: string) {
    this.#pem = pem;
  }

  /** The text itself: for a file of mode 0600, a TLS server, a signature or the proxy that the key belongs to. */
  reveal(): string {
    return this.#pem;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
