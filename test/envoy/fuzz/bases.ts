// Good objects with every feature in use somewhere, for the fuzzer to change, and the world that they live in.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { createCa } from "../../../certs/ca.ts";
import { newKeyPair } from "../../../control-plane/keys.ts";
import { sidecarNames } from "../../../model/sidecar.ts";
import { ownFolder } from "../own-folder.ts";

/** A document that the fuzzer changes. */
export interface Base {
  readonly kind: string;
}

/** A folder with cert.pem and key.pem, which Envoy reads as soon as an object names them. Removed at the end of the process. */
function certificateFiles(): string {
  const folder = ownFolder("fuzz");
  const ca = createCa({ now: Date.now(), newKeyPair, trustDomain: "cluster.local" });
  writeFileSync(join(folder, "cert.pem"), ca.certificatePem);
  writeFileSync(join(folder, "key.pem"), ca.privateKey.reveal());
  writeFileSync(join(folder, basename(sidecarNames.rootFile)), ca.certificatePem);
  writeFileSync(join(folder, basename(sidecarNames.tokenFile)), "token");
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Where the files are. */
export const folder = certificateFiles();

const texts = readFileSync(join(import.meta.dirname, "bases.yaml"), "utf8").replaceAll("FILES", folder);

/** Objects to change. */
export const bases: readonly Base[] = parseAllDocuments(texts).map((document) => document.toJS() as Base); // Written by us.

/** What is stored already, beside the shop of the golden cases. */
export const stored = readFileSync(join(import.meta.dirname, "stored.yaml"), "utf8");
