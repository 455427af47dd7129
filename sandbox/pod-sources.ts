// What a pod's variables and volumes are filled from: its own facts, objects of its namespace, the mesh's root, a token.
import { availableParallelism, totalmem } from "node:os";
import type { Ca } from "../certs/ca.ts";
import { signToken } from "../certs/token.ts";
import { sidecarNames } from "../model/sidecar.ts";
import { nodeAddress, nodeName } from "./addresses.ts";
import { type ObjectMap, objectKeyOf } from "./manifests.ts";
import type { DataObject, Pod } from "./objects.ts";
import type { VolumeSources } from "./volumes.ts";

/** A sandbox is short-lived; its tokens outlive it. */
const tokenSeconds = 30 * 24 * 3_600;

/** Everything that this pod may refer to. */
export function podSources(pod: Pod, address: string, objects: ObjectMap, ca: Ca): VolumeSources {
  const { namespace } = pod.metadata;
  const find = (kind: string, name: string): DataObject | undefined => objects.get(objectKeyOf(kind, namespace, name));
  return {
    around: {
      podAddress: address,
      hostAddress: nodeAddress,
      nodeName,
      capacity: { cpu: availableParallelism(), memory: totalmem() },
      // The mesh's root is in every namespace, as a controller of the control plane would keep it.
      configMap: (name) => (name === sidecarNames.rootConfigMap ? rootOf(namespace, ca) : find("ConfigMap", name)),
      secret: (name) => find("Secret", name),
    },
    token: (of, audience) => tokenOf(of, audience, ca),
  };
}

function rootOf(namespace: string, ca: Ca): DataObject {
  const metadata = { name: sidecarNames.rootConfigMap, namespace };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "root-cert.pem": ca.certificatePem } };
}

function tokenOf(pod: Pod, audience: string, ca: Ca): string {
  const { name, namespace, uid = "" } = pod.metadata;
  return signToken(ca.privateKey, {
    issuer: "pillion-sandbox",
    audiences: [audience],
    expiresAt: Math.floor(Date.now() / 1_000) + tokenSeconds,
    namespace,
    pod: { name, uid },
    serviceAccount: pod.spec.serviceAccountName ?? "default",
  });
}
