// The state directory: the certificate authority, made at the first start and kept from then on.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorText, PillionError } from "../base/error.ts";
import { type Ca, createCa, parseCa } from "../certs/ca.ts";
import { newKeyPair } from "./keys.ts";

/**
 * The CA in this directory (`ca.crt`, and `ca.key` readable by its owner only); made when there is none.
 * Two processes that start at once agree on one: whoever links `ca.key` first.
 * @throws {PillionError} STATE: the directory can't be read or written; CA_UNUSABLE: what stands there is no CA.
 */
export function openCa(directory: string, options: { readonly trustDomain: string; readonly now: number }): Ca {
  const keyFile = join(directory, "ca.key");
  const certificateFile = join(directory, "ca.crt");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (existsSync(certificateFile) && !existsSync(keyFile)) throw lonelyCertificate(directory);
    keepFirst(keyFile, () => createCaKey());
    const key = createPrivateKey(readFileSync(keyFile, "utf8"));
    const pair = () => ({ privateKey: key, publicKey: createPublicKey(key) });
    keepFirst(certificateFile, () => createCa({ ...options, newKeyPair: pair }).certificatePem);
    const certificatePem = readFileSync(certificateFile, "utf8");
    // Its key signs tokens, too, and those are ES256.
    if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw otherKey(directory);
    return parseCa({ certificatePem, privateKeyPem: readFileSync(keyFile, "utf8"), now: options.now });
  } catch (thrown) {
    if (thrown instanceof PillionError) throw thrown;
    throw new PillionError("STATE", {
      problem: `the state directory ${directory} can't be used: ${errorText(thrown)}`,
      reason: "Without its certificate authority no workload can prove who it is",
      fix: "Give --state-dir a directory that this user may write, or remove a damaged ca.key together with ca.crt",
      cause: thrown,
    });
  }
}

/** A new key would not fit, and lie beside somebody's certificate as if it did. */
function lonelyCertificate(directory: string): PillionError {
  return new PillionError("STATE", {
    problem: `${directory} holds ca.crt without its ca.key`,
    reason: "Nothing can be signed without the key",
    fix: "Put the key beside it, or remove ca.crt to have both made anew",
  });
}

function otherKey(directory: string): PillionError {
  return new PillionError("STATE", {
    problem: `${directory}/ca.key is not a P-256 key`,
    reason: "Without Kubernetes the control plane signs the tokens of workloads with it",
    fix: "Put a P-256 key with its certificate there, or remove both to have them made anew",
  });
}

function createCaKey(): string {
  return newKeyPair().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Write a file in one step, unless it is there already. */
function keepFirst(file: string, content: () => string): void {
  try {
    readFileSync(file);
    return;
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT")) throw thrown;
  }
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, content(), { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST")) throw thrown;
  } finally {
    rmSync(draft, { force: true });
  }
}
