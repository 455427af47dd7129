// Whether the cluster is one that Pillion runs on.
import { isJsonObject } from "../../api/normalize.ts";
import { PillionError } from "../../base/error.ts";

/** The oldest Kubernetes that is supported: the first where native sidecars, the sleep hook and match conditions are all on. */
const oldestMinor = 30;

/**
 * The cluster's version from the body of `/version`, such as "v1.34.4".
 * @throws {PillionError} KUBERNETES_VERSION when it is too old; API_SERVER when it is no version.
 */
export function checkServerVersion(body: unknown, server: string): string {
  const { major, minor, gitVersion } = isJsonObject(body) ? body : {};
  // Some providers write "30+".
  const [majorNumber, minorNumber] = [major, minor].map((part) => Number.parseInt(String(part), 10));
  if (majorNumber === undefined || minorNumber === undefined || Number.isNaN(majorNumber + minorNumber)) {
    throw new PillionError("API_SERVER", {
      problem: `${server}/version does not tell a version of Kubernetes`,
      reason: "This is probably not an API server",
      fix: "Check the address in the kubeconfig",
    });
  }
  const version = typeof gitVersion === "string" ? gitVersion : `v${majorNumber}.${minorNumber}`;
  if (majorNumber === 1 && minorNumber < oldestMinor) {
    throw new PillionError("KUBERNETES_VERSION", {
      problem: `the cluster runs Kubernetes ${version}`,
      reason: `Pillion needs 1.${oldestMinor} or later for native sidecars, the sleep hook and match conditions of webhooks`,
      fix: `Upgrade the cluster to 1.${oldestMinor} or later`,
    });
  }
  return version;
}
