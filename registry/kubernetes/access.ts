// Where the API server is, and how to prove to it who we are: from the files of a pod, or from a kubeconfig file.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { AgentOptions } from "node:https";
import { isIPv6 } from "node:net";
import { delimiter } from "node:path";
import type { KubeConfig as Kubeconfig } from "@kubernetes/client-node";
import { errorText, PillionError } from "../../base/error.ts";

/** What goes with one request. Files are read again each time, because tokens and certificates are renewed in place. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<AgentOptions, "ca" | "cert" | "key" | "rejectUnauthorized" | "servername">;
}

/** A way to the API server. */
export interface Access {
  /** `https://HOST:PORT`, with a path where the API server is behind one. */
  readonly server: string;
  /** The namespace of a kubeconfig's context. */
  readonly namespace?: string;
  /** @throws {PillionError} API_CREDENTIALS when they cannot be had now. */
  credentials(): Promise<Credentials>;
}

/** Where the kubelet puts what a pod needs. */
const accountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Access from inside a pod. Written out here, because loading the Kubernetes library takes 75 MB and a second of CPU.
 * @throws {PillionError} API_CREDENTIALS when this is not a pod.
 */
export function inClusterAccess(
  environment: Readonly<Record<string, string | undefined>>,
  directory: string = accountDirectory,
): Access {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (host === undefined || port === undefined) {
    throw new PillionError("API_CREDENTIALS", {
      problem: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set",
      reason: "Only in a pod is it known without them where the API server is",
      fix: "Name a kubeconfig file with --kubeconfig instead of --in-cluster",
    });
  }
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    async credentials() {
      try {
        const [token, ca] = await Promise.all(
          ["token", "ca.crt"].map((name) => readFile(`${directory}/${name}`, "utf8")),
        );
        return { headers: { authorization: `Bearer ${token?.trim()}` }, tls: { ca } };
      } catch (cause) {
        throw new PillionError("API_CREDENTIALS", {
          problem: `the service account's files in ${directory} cannot be read: ${errorText(cause)}`,
          fix: "Leave automountServiceAccountToken of the pod and its service account on",
          cause,
        });
      }
    },
  };
}

/**
 * Access by a context of a kubeconfig file (the current one unless given): certificates, tokens and exec plug-ins. Several
 * files may be named as $KUBECONFIG names them.
 * @throws {PillionError} KUBECONFIG when the file cannot be read or its current context names no cluster.
 */
export async function kubeconfigAccess(file: string, context?: string): Promise<Access> {
  const failed = (problem: string, cause?: unknown): PillionError =>
    new PillionError("KUBECONFIG", {
      problem,
      fix: `See what kubectl config view --kubeconfig ${file} says, or name another file with --kubeconfig`,
      cause,
    });
  const { KubeConfig } = await import("@kubernetes/client-node");
  let config: Kubeconfig;
  try {
    config = load(file, () => new KubeConfig());
  } catch (cause) {
    throw failed(`the kubeconfig file "${file}" cannot be read: ${errorText(cause)}`, cause);
  }
  if (context !== undefined) config.setCurrentContext(context);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw failed(
      `the ${context === undefined ? "current context" : "context"} "${config.getCurrentContext()}" of "${file}" names no cluster that is in the file`,
    );
  }
  const { namespace } = config.getContextObject(config.getCurrentContext()) ?? {};
  return {
    server: server.replace(/\/+$/, ""),
    ...(namespace === undefined ? {} : { namespace }),
    async credentials() {
      const options: AgentOptions & { headers?: Record<string, string>; auth?: string } = {};
      try {
        await config.applyToHTTPSOptions(options);
      } catch (cause) {
        throw failed(`the credentials in "${file}" cannot be used: ${errorText(cause)}`, cause);
      }
      const { ca, cert, key, rejectUnauthorized, servername, headers = {}, auth } = options;
      const basic = auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString("base64")}` };
      const given = { ca, cert, key, rejectUnauthorized, servername };
      const tls = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      return { headers: { ...headers, ...basic }, tls };
    },
  };
}

/** As kubectl does: of what several files name alike the first counts, and a file that is not there is left out. */
function load(list: string, empty: () => Kubeconfig): Kubeconfig {
  const files = list.split(delimiter).filter((file) => file !== "");
  const [first = list, ...others] = files.length > 1 ? files.filter((file) => existsSync(file)) : files;
  const config = empty();
  config.loadFromFile(first);
  for (const file of others) {
    const more = empty();
    more.loadFromFile(file);
    config.loadFromOptions({
      clusters: [...config.clusters, ...more.clusters],
      users: [...config.users, ...more.users],
      contexts: [...config.contexts, ...more.contexts],
      currentContext: config.currentContext || more.currentContext,
    });
  }
  return config;
}
