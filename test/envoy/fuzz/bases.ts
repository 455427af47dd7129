// Good objects with every feature in use somewhere, for the fuzzer to change, and the world that they live in.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { createCa } from "../../../certs/ca.ts";
import { newKeyPair } from "../../../control-plane/keys.ts";

/** A document that the fuzzer changes. */
export interface Base {
  readonly kind: string;
}

/** A folder with cert.pem and key.pem, which Envoy reads as soon as an object names them. Removed at exit. */
function certificateFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), "pillion-fuzz-"));
  const ca = createCa({ now: Date.now(), newKeyPair, trustDomain: "cluster.local" });
  writeFileSync(join(folder, "cert.pem"), ca.certificatePem);
  writeFileSync(join(folder, "key.pem"), ca.privateKey.reveal());
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const texts = readFileSync(join(import.meta.dirname, "bases.yaml"), "utf8").replaceAll("FILES", certificateFiles());

/** Objects to change. */
export const bases: readonly Base[] = parseAllDocuments(texts).map((document) => document.toJS() as Base); // Written by us.

/** What is stored already, beside the shop of the golden cases. */
export const stored = readFileSync(join(import.meta.dirname, "stored.yaml"), "utf8");
