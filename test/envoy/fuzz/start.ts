// Would Envoy start with what the mesh configuration makes of a pod's arguments? A pod that is refused here never runs.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { bootstrap, rootSecret, rootSecretName } from "../../../injector/bootstrap.ts";
import { settingsFromMesh } from "../../../injector/mesh-settings.ts";
import { injectorSettings } from "../../../injector/settings.ts";
import { sidecarNames } from "../../../model/sidecar.ts";
import type { Snapshot } from "../../../model/snapshot.ts";
import { envoyBinary } from "../live-envoy.ts";
import { folder } from "./bases.ts";

const run = promisify(execFile);

/** The bootstrap of a sidecar in such a mesh, as Envoy gets it from the kubelet. */
export function startOf({ mesh }: Snapshot): string {
  const settings = injectorSettings(settingsFromMesh(mesh.config).changes);
  writeFileSync(join(folder, rootSecretName), inFolder(rootSecret(settings)));
  return inFolder(JSON.stringify(bootstrap(settings, settings.stats, "sidecar")));
}

/** Why Envoy would not start; undefined: it would. */
export async function startRefusal(config: string): Promise<string | undefined> {
  try {
    const flags = ["--mode", "validate", "--disable-hot-restart", "-l", "critical", "--config-yaml", config];
    await run(envoyBinary() ?? "envoy", flags, { cwd: folder });
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message.slice(-500) : String(thrown);
  }
}

const mounts = [sidecarNames.tokenDirectory, sidecarNames.rootDirectory];

/** A text with the mounts in the fuzzer's own folder, and pod's facts filled in. */
function inFolder(text: string): string {
  const moved = mounts.reduce((before, mount) => before.replaceAll(mount, folder), text);
  return moved.replaceAll("$(INSTANCE_IP)", "10.0.0.7").replaceAll(/\$\([A-Z_]+\)/g, "a");
}
