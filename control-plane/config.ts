// What the process was told to do: flags become one frozen Config here, and nowhere else is anything read from the outside.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { PillionError } from "../base/error.ts";
import { type LogLevel, logLevels } from "./log.ts";

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** What is asked for wherever the objects come from. */
export interface CommonConfig {
  readonly webhook: ListenAddress;
  /** TLS, token required. */
  readonly xds: ListenAddress;
  /** Loopback only, no token: for tests and for looking at what a proxy would get. */
  readonly xdsPlaintext: ListenAddress | undefined;
  /** The address that injected proxies call, `host:port`. */
  readonly discoveryAddress: string;
  readonly logLevel: LogLevel;
}

/** Files are the whole world. */
export interface DirectoryConfig extends CommonConfig {
  readonly source: "directory";
  /** Folders of YAML, read in this order. */
  readonly configDirectories: readonly string[];
  /** Keeps the CA between starts. */
  readonly stateDirectory: string;
  /** Plain HTTP for people and Prometheus; undefined: none, so that several run side by side. */
  readonly monitoring: ListenAddress | undefined;
}

/** An API server tells of the world. */
export interface KubernetesConfig extends CommonConfig {
  readonly source: "kubernetes";
  /** How to reach it: by this file, or (undefined) as a pod of the cluster. */
  readonly kubeconfig: string | undefined;
  /** The control plane's own namespace. */
  readonly namespace: string;
  /** "default" is the one for istio-injection=enabled. */
  readonly revision: string;
  /** Plain HTTP for kubelet and Prometheus. */
  readonly monitoring: ListenAddress;
  /** JSON of the chart's values; followed while the process runs. */
  readonly valuesFile: string | undefined;
  /** The pod that this process runs in, for Events about it; undefined outside of the cluster. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
  /** Where the kubelet reads why a container ended. */
  readonly terminationLog: string | undefined;
  /** Owns what is made at run time, so that it goes with the installation. */
  readonly ownerClusterRole: string | undefined;
  /** The CA that it made stays when the installation goes. */
  readonly keepCa: boolean;
  /** From a new root in all ConfigMaps to certificates that only it vouches for: kubelets need a while to bring it into pods. */
  readonly rootSpreadSeconds: number;
  /** Where the API server finds the webhooks when no Service leads to them: `https://127.0.0.1:15017`. */
  readonly webhookUrl: string | undefined;
}

export type Config = DirectoryConfig | KubernetesConfig;

/** The flags of `pillion control-plane`. */
export const configUsage = `
Usage: pillion control-plane --config-dir DIR --state-dir DIR [flags]
       pillion control-plane --kubeconfig FILE | --in-cluster [flags]

  --webhook HOST:PORT           HTTPS for /inject and /validate     (127.0.0.1:15017)
  --xds HOST:PORT               gRPC for proxies, TLS and token     (127.0.0.1:15012)
  --xds-plaintext HOST:PORT     gRPC without TLS and token, loopback only; off unless given
  --discovery-address HOST:PORT what injected proxies call          (the Service istiod of the namespace)
  --monitoring HOST:PORT        HTTP /healthz, /readyz, /metrics, /debug/syncz
                                (127.0.0.1:15014 on Kubernetes; from files off unless given)
  --log-level LEVEL             error, warn, info or debug          (info)

HOST may be *: all addresses of the machine, IPv6 and IPv4.

From files:
  --config-dir DIR              YAML of the mesh, any depth; may be repeated
  --state-dir DIR               where the certificate authority is kept (ca.crt, ca.key)

On Kubernetes:
  --kubeconfig FILE             reach the API server by this file, or
  --in-cluster                  as a pod of the cluster
  --namespace NAME              its own namespace                   (istio-system)
  --revision NAME               which label value it answers to     (default)
  --values FILE                 JSON of the chart's values; followed while it runs
  --owner-cluster-role NAME     owns what is made at run time, so that it goes with the installation
  --keep-ca                     the CA that it made stays when the installation goes
  --root-spread-seconds N       from a new root in all namespaces to its first certificate  (120)
  --pod NAME/UID                the pod that it runs in, for Events about it
  --termination-log FILE        written when it ends for a reason that it can name
  --webhook-url URL             where the API server finds the webhooks, when it runs outside of the cluster
`;

const options = {
  "config-dir": { type: "string", multiple: true },
  "state-dir": { type: "string" },
  kubeconfig: { type: "string" },
  "in-cluster": { type: "boolean", default: false },
  namespace: { type: "string" },
  revision: { type: "string" },
  monitoring: { type: "string" },
  values: { type: "string" },
  "owner-cluster-role": { type: "string" },
  "keep-ca": { type: "boolean" },
  "root-spread-seconds": { type: "string" },
  pod: { type: "string" },
  "termination-log": { type: "string" },
  "webhook-url": { type: "string" },
  webhook: { type: "string", default: "127.0.0.1:15017" },
  xds: { type: "string", default: "127.0.0.1:15012" },
  "xds-plaintext": { type: "string" },
  "discovery-address": { type: "string" },
  "log-level": { type: "string", default: "info" },
} as const;

type Flags = ReturnType<typeof readFlags>;
const readFlags = (args: readonly string[]) => parseArgs({ args: [...args], options }).values;

/**
 * The configuration that these arguments ask for.
 * @throws {PillionError} CONFIG: a flag is missing, malformed, or does not go with another.
 * @throws TypeError of parseArgs: a flag is unknown.
 */
export function parseConfig(args: readonly string[]): Config {
  const flags = readFlags(args);
  const sources = [
    (flags["config-dir"]?.length ?? 0) > 0 ? "--config-dir" : undefined,
    flags.kubeconfig === undefined ? undefined : "--kubeconfig",
    flags["in-cluster"] ? "--in-cluster" : undefined,
  ].filter((flag) => flag !== undefined);
  if (sources.length !== 1) {
    throw new PillionError("CONFIG", {
      problem:
        sources.length === 0 ? "nothing says where the objects are" : `${sources.join(" and ")} exclude each other`,
      reason: "The mesh is read from one place",
      fix: "Give exactly one of --config-dir DIR, --kubeconfig FILE and --in-cluster",
    });
  }
  return Object.freeze(sources[0] === "--config-dir" ? directoryConfig(flags) : kubernetesConfig(flags));
}

const kubernetesOnly = [
  "namespace",
  "revision",
  "values",
  "owner-cluster-role",
  "keep-ca",
  "root-spread-seconds",
  "pod",
  "termination-log",
  "webhook-url",
] as const satisfies readonly (keyof Flags)[];

function directoryConfig(flags: Flags): DirectoryConfig {
  const stray = kubernetesOnly.find((name) => flags[name] !== undefined);
  if (stray !== undefined) throw misplaced(`--${stray}`, "--kubeconfig or --in-cluster");
  return {
    source: "directory",
    configDirectories: Object.freeze((flags["config-dir"] ?? []).map((directory) => given("--config-dir", directory))),
    stateDirectory: given("--state-dir", flags["state-dir"]),
    monitoring: flags.monitoring === undefined ? undefined : address("--monitoring", flags.monitoring),
    ...commonConfig(flags, "istiod.istio-system.svc:15012"),
  };
}

function kubernetesConfig(flags: Flags): KubernetesConfig {
  if (flags["state-dir"] !== undefined) throw misplaced("--state-dir", "--config-dir");
  const namespace = dnsLabel("--namespace", flags.namespace ?? "istio-system");
  const revision = dnsLabel("--revision", flags.revision ?? "default");
  return {
    source: "kubernetes",
    kubeconfig: flags["in-cluster"] ? undefined : given("--kubeconfig", flags.kubeconfig),
    namespace,
    revision,
    monitoring: address("--monitoring", flags.monitoring ?? "127.0.0.1:15014"),
    valuesFile: flags.values,
    pod: flags.pod === undefined ? undefined : podIdentity(flags.pod),
    terminationLog: flags["termination-log"],
    ownerClusterRole: flags["owner-cluster-role"],
    keepCa: flags["keep-ca"] ?? false,
    rootSpreadSeconds: seconds("--root-spread-seconds", flags["root-spread-seconds"] ?? "120"),
    webhookUrl: flags["webhook-url"] === undefined ? undefined : httpsUrl("--webhook-url", flags["webhook-url"]),
    ...commonConfig(flags, `${serviceName(revision)}.${namespace}.svc:15012`),
  };
}

/** The Service of a revision's control plane, as Istio names it. */
export function serviceName(revision: string): string {
  return revision === "default" ? "istiod" : `istiod-${revision}`;
}

function commonConfig(flags: Flags, standardAddress: string): CommonConfig {
  const discoveryAddress = flags["discovery-address"] ?? standardAddress;
  address("--discovery-address", discoveryAddress); // Every injected proxy would refuse to start with another form.
  const level = logLevels.find((known) => known === flags["log-level"]);
  if (level === undefined) {
    throw new PillionError("CONFIG", {
      problem: `--log-level "${flags["log-level"]}" is unknown`,
      fix: `Use one of ${logLevels.join(", ")}`,
    });
  }
  return {
    webhook: address("--webhook", flags.webhook),
    xds: address("--xds", flags.xds),
    xdsPlaintext: flags["xds-plaintext"] === undefined ? undefined : loopbackAddress(flags["xds-plaintext"]),
    discoveryAddress,
    logLevel: level,
  };
}

function address(flag: string, text: string): ListenAddress {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) {
    throw new PillionError("CONFIG", {
      problem: `${flag} "${text}" is not HOST:PORT`,
      fix: `Write it like ${flag} 127.0.0.1:15017`,
    });
  }
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { host: host === "*" ? anyHost() : host, port };
}

/** Only a kernel with IPv6 has this file, and there `::` takes IPv4, too. @see proc_pid_net(5), ipv6(7) */
const anyHost = (): string => (existsSync("/proc/net/if_inet6") ? "::" : "0.0.0.0");

const loopback = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/;

function loopbackAddress(text: string): ListenAddress {
  const plaintext = address("--xds-plaintext", text);
  if (loopback.test(plaintext.host)) return plaintext;
  throw new PillionError("CONFIG", {
    problem: `--xds-plaintext ${plaintext.host} is not a loopback address`,
    reason: "Whoever reaches that port gets the configuration and the keys of any workload",
    fix: "Use 127.0.0.1, or --xds with TLS and tokens",
  });
}

function dnsLabel(flag: string, text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new PillionError("CONFIG", {
    problem: `${flag} "${text}" is not a name that Kubernetes takes`,
    fix: "Use lower case letters, digits and hyphens, at most 63, with a letter or digit at both ends",
  });
}

function podIdentity(text: string): { readonly name: string; readonly uid: string } {
  const [name = "", uid = "", ...more] = text.split("/");
  if (name !== "" && uid !== "" && more.length === 0) return Object.freeze({ name, uid });
  throw new PillionError("CONFIG", {
    problem: `--pod "${text}" is not NAME/UID`,
    fix: "Write it like the chart: --pod=$(POD_NAME)/$(POD_UID)",
  });
}

/** An hour at most: with that and a day's certificate, an old root is still trusted when it is needed last. */
function seconds(flag: string, text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= 3_600) return Number(text);
  throw new PillionError("CONFIG", {
    problem: `${flag} "${text}" is not a number of seconds from 0 to 3600`,
    fix: `Write it like ${flag} 120`,
  });
}

function httpsUrl(flag: string, text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === "https:") return text.replace(/\/+$/, "");
  throw new PillionError("CONFIG", {
    problem: `${flag} "${text}" is not a URL that begins with https://`,
    reason: "An API server calls webhooks by HTTPS only",
    fix: `Write it like ${flag} https://127.0.0.1:15017`,
  });
}

function given(flag: string, value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw new PillionError("CONFIG", {
    problem: `${flag} is missing`,
    fix: `Add ${flag} with a path; see pillion control-plane --help`,
  });
}

function misplaced(flag: string, belongsTo: string): PillionError {
  return new PillionError("CONFIG", {
    problem: `${flag} means nothing here`,
    reason: `It goes with ${belongsTo}`,
    fix: `Remove ${flag}; see pillion control-plane --help`,
  });
}
