// The container istio-init: it sets the redirect rules and ends. Only it may change the pod's network.
import { proxyUserId, sidecarNames } from "../model/sidecar.ts";
import { type JsonObject, objectAt } from "./json.ts";
import { mergeContainer } from "./merge.ts";
import type { PodOptions } from "./options.ts";
import { imagePullPolicy } from "./proxy-container.ts";
import { type Redirect, redirectRules, redirectScript } from "./redirect.ts";
import type { InjectorSettings } from "./settings.ts";

const securityContext: JsonObject = {
  allowPrivilegeEscalation: false,
  capabilities: { add: ["NET_ADMIN", "NET_RAW"], drop: ["ALL"] },
  privileged: false,
  readOnlyRootFilesystem: false, // iptables keeps a lock file
  runAsGroup: 0,
  runAsNonRoot: false,
  runAsUser: 0,
};

/** The init container for this pod; undefined where nothing is redirected. `proxy` is the finished proxy container. */
export function initContainer(
  settings: InjectorSettings,
  options: PodOptions,
  proxy: JsonObject,
  override: JsonObject,
): JsonObject | undefined {
  if (options.redirect === undefined) return undefined;
  const user = objectAt(proxy, "securityContext")["runAsUser"];
  const redirect: Redirect = { ...options.redirect, proxyUser: typeof user === "number" ? user : proxyUserId };
  return mergeContainer(
    {
      name: sidecarNames.initContainer,
      image: options.image,
      ...imagePullPolicy(settings),
      command: ["/bin/sh", "-ec"],
      args: [
        redirectScript,
        sidecarNames.initContainer,
        redirectRules(redirect, "IPv4"),
        redirectRules(redirect, "IPv6"),
      ],
      resources: options.resources,
      securityContext,
    },
    override,
  );
}
