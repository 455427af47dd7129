// Good objects with every feature in use somewhere, for the fuzzer to change, and the world that they live in.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { createCa } from "../../../certs/ca.ts";
import { newKeyPair } from "../../../control-plane/keys.ts";
import { sidecarNames } from "../../../model/sidecar.ts";

/** A document that the fuzzer changes. */
export interface Base {
  readonly kind: string;
}

const prefix = "pillion-fuzz-";

/** A folder with cert.pem and key.pem, which Envoy reads as soon as an object names them. Removed at the end of the process. */
function certificateFiles(): string {
  removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  const ca = createCa({ now: Date.now(), newKeyPair, trustDomain: "cluster.local" });
  writeFileSync(join(folder, "cert.pem"), ca.certificatePem);
  writeFileSync(join(folder, "key.pem"), ca.privateKey.reveal());
  writeFileSync(join(folder, basename(sidecarNames.rootFile)), ca.certificatePem);
  writeFileSync(join(folder, basename(sidecarNames.tokenFile)), "token");
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What was killed could not clean up: folders are named for their process. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^pillion-fuzz-(?:(\d+)-)?/.exec(name)?.[1];
    if (!name.startsWith(prefix) || (pid !== undefined && existsSync(`/proc/${pid}`))) continue;
    rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Where the files are. */
export const folder = certificateFiles();

const texts = readFileSync(join(import.meta.dirname, "bases.yaml"), "utf8").replaceAll("FILES", folder);

/** Objects to change. */
export const bases: readonly Base[] = parseAllDocuments(texts).map((document) => document.toJS() as Base); // Written by us.

/** What is stored already, beside the shop of the golden cases. */
export const stored = readFileSync(join(import.meta.dirname, "stored.yaml"), "utf8");
