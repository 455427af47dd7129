// What the process was told to do: flags become one frozen Config here, and nowhere else is anything read from the outside.
import { parseArgs } from "node:util";
import { PillionError } from "../base/error.ts";
import { type LogLevel, logLevels } from "./log.ts";

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface Config {
  /** Folders of YAML that are the whole world; read in this order. */
  readonly configDirectories: readonly string[];
  /** Keeps the CA between starts. */
  readonly stateDirectory: string;
  readonly webhook: ListenAddress;
  /** TLS, token required. */
  readonly xds: ListenAddress;
  /** Loopback only, no token: for tests and for looking at what a proxy would get. */
  readonly xdsPlaintext: ListenAddress | undefined;
  /** The address that injected proxies call, `host:port`. */
  readonly discoveryAddress: string;
  readonly logLevel: LogLevel;
}

/** The flags of `pillion control-plane`. */
export const configUsage = `
Usage: pillion control-plane --config-dir DIR --state-dir DIR [flags]

  --config-dir DIR              YAML of the mesh, any depth; may be repeated
  --state-dir DIR               where the certificate authority is kept (ca.crt, ca.key)
  --webhook HOST:PORT           HTTPS for /inject and /validate     (127.0.0.1:15017)
  --xds HOST:PORT               gRPC for proxies, TLS and token     (127.0.0.1:15012)
  --xds-plaintext HOST:PORT     gRPC without TLS and token, loopback only; off unless given
  --discovery-address HOST:PORT what injected proxies call          (istiod.istio-system.svc:15012)
  --log-level LEVEL             error, warn, info or debug          (info)
`;

const loopback = /^(127\.\d+\.\d+\.\d+|localhost|\[?::1\]?)$/;

function address(flag: string, text: string): ListenAddress {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) {
    throw new PillionError("CONFIG", {
      problem: `${flag} "${text}" is not HOST:PORT`,
      fix: `Write it like ${flag} 127.0.0.1:15017`,
    });
  }
  return { host: (match[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

function required(flag: string, value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw new PillionError("CONFIG", {
    problem: `${flag} is missing`,
    fix: `Add ${flag} DIR; see pillion control-plane --help`,
  });
}

/**
 * The configuration that these arguments ask for.
 * @throws {PillionError} CONFIG: a flag is missing, unknown or malformed.
 */
export function parseConfig(args: readonly string[]): Config {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "config-dir": { type: "string", multiple: true },
      "state-dir": { type: "string" },
      webhook: { type: "string", default: "127.0.0.1:15017" },
      xds: { type: "string", default: "127.0.0.1:15012" },
      "xds-plaintext": { type: "string" },
      "discovery-address": { type: "string", default: "istiod.istio-system.svc:15012" },
      "log-level": { type: "string", default: "info" },
    },
  });
  const level = logLevels.find((known) => known === values["log-level"]);
  if (level === undefined) {
    throw new PillionError("CONFIG", {
      problem: `--log-level "${values["log-level"]}" is unknown`,
      fix: `Use one of ${logLevels.join(", ")}`,
    });
  }
  const plaintext =
    values["xds-plaintext"] === undefined ? undefined : address("--xds-plaintext", values["xds-plaintext"]);
  if (plaintext !== undefined && !loopback.test(plaintext.host)) {
    throw new PillionError("CONFIG", {
      problem: `--xds-plaintext ${plaintext.host} is not a loopback address`,
      reason: "Whoever reaches that port gets the configuration and the keys of any workload",
      fix: "Use 127.0.0.1, or --xds with TLS and tokens",
    });
  }
  const directories = values["config-dir"] ?? [];
  required("--config-dir", directories[0]);
  return Object.freeze({
    configDirectories: Object.freeze([...directories]),
    stateDirectory: required("--state-dir", values["state-dir"]),
    webhook: address("--webhook", values.webhook),
    xds: address("--xds", values.xds),
    xdsPlaintext: plaintext,
    discoveryAddress: values["discovery-address"],
    logLevel: level,
  });
}
