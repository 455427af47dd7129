// Runs helm as people do, without touching their settings.
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { isObject, type Json, type JsonObject } from "../../injector/json.ts";
import { type Output, programPath, run } from "./programs.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const charts = join(root, "charts");

/** Helm's path: on this machine, or where `npm run setup:apiserver` puts it. */
export const helmPath =
  programPath("helm") ?? join(process.env["PILLION_CACHE"] ?? join(homedir(), ".cache", "pillion"), "bin", "helm");

/** PATH with helm in it. */
export const pathWithHelm = `${dirname(helmPath)}:${process.env["PATH"] ?? ""}`;

/** Run helm without a cluster. */
export async function helm(...args: readonly string[]): Promise<Output> {
  const home = mkdtempSync(join(tmpdir(), "pillion-helm-"));
  try {
    return await run(helmPath, args, { env: { HOME: home, KUBECONFIG: join(home, "none") } });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What a chart makes; fails with helm's words. */
export async function template(release: string, chart: string, ...args: readonly string[]): Promise<string> {
  const where = ["-n", "istio-system", "--kube-version", "1.34.0"];
  const { code, stdout, stderr } = await helm("template", release, join(charts, chart), ...where, ...args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** The objects in YAML; fails where a strict reader would, as on a key that stands twice. */
export function objectsIn(yaml: string): readonly JsonObject[] {
  const documents = parseAllDocuments(yaml);
  const [error] = "empty" in documents ? [] : documents.flatMap(({ errors }) => errors);
  if (error !== undefined) throw error;
  return documents.map((document) => document.toJS() as Json).filter(isObject); // plain YAML is JSON's data
}
