// What the proxy reads from files: its token, and the root certificate that it trusts. Both are renewed in place.
import { sidecarNames } from "../model/sidecar.ts";
import { rootSecretAnnotation, rootSecretName } from "./bootstrap.ts";
import type { JsonObject } from "./json.ts";
import type { InjectorSettings } from "./settings.ts";

/** Seconds that a token lasts; the kubelet renews it long before. */
const tokenSeconds = 43_200;

/** The volumes that injection adds to a pod. */
export function proxyVolumes(settings: InjectorSettings): readonly JsonObject[] {
  const serviceAccountToken = {
    audience: sidecarNames.tokenAudience,
    expirationSeconds: tokenSeconds,
    path: "istio-token",
  };
  return [
    { name: sidecarNames.tokenVolume, projected: { sources: [{ serviceAccountToken }] } },
    {
      name: sidecarNames.rootVolume,
      projected: { sources: [{ configMap: { name: settings.rootConfigMap } }, rootFile] },
    },
  ];
}

const rootFile: JsonObject = {
  downwardAPI: {
    items: [{ path: rootSecretName, fieldRef: { fieldPath: `metadata.annotations['${rootSecretAnnotation}']` } }],
  },
};

/** Where they are in the proxy container. */
export const proxyVolumeMounts: readonly JsonObject[] = [
  { name: sidecarNames.tokenVolume, mountPath: sidecarNames.tokenDirectory, readOnly: true },
  { name: sidecarNames.rootVolume, mountPath: sidecarNames.rootDirectory, readOnly: true },
];
