// Where randomness comes in: key pairs and clock for certs/, which is pure.
import { generateKeyPairSync, type KeyObject } from "node:crypto";

/** A fresh P-256 key pair, as SPIFFE and Envoy take it everywhere. About 0.1 ms. */
export function newKeyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}
