// The charts with the profile demo, as a person installs them with helm.
import { join } from "node:path";
import { rolledOut } from "./cluster-mesh.ts";
import { root, run } from "./commands.ts";
import { hub, tag } from "./image-names.ts";

const profile = join(root, "charts", "profiles", "demo");

function helm(release: string, chart: string, ...more: readonly string[]): string {
  const where = ["-n", "istio-system", "--create-namespace"];
  return run(["helm", "upgrade", "--install", release, join(root, "charts", chart), ...where, ...more]);
}

/** `helm upgrade istiod` with the profile's values and these (`--set`), until the new pods are ready. */
export function upgradeControlPlane(...settings: readonly string[]): string {
  const images = [`global.hub=${hub}`, `global.tag=${tag}`, "global.imagePullPolicy=IfNotPresent"];
  const flags = [...images, ...settings].flatMap((setting) => ["--set", setting]);
  return helm("istiod", "pillion", "-f", join(profile, "istiod.yaml"), ...flags, "--wait", "--timeout", "120s");
}

/** Definitions, control plane, and both gateways. */
export function installCharts(): void {
  helm("istio-base", "base");
  upgradeControlPlane();
  for (const name of ["istio-ingressgateway", "istio-egressgateway"])
    helm(name, "gateway", "-f", join(profile, `${name}.yaml`));
  // Not helm's --wait: it waits for a load balancer, too, and there is none.
  rolledOut(["istio-system"]);
}
