// The forms that annotation values may have: each says what it expects, so that every refusal can say it too.
import { isIPv4, isIPv6 } from "node:net";
import { re2Fault } from "../model/re2.ts";
import { isList, isObject, type Json, type JsonObject, objectAt, textAt, withKeys } from "./json.ts";

export interface Form<T> {
  /** Completes "it must be ...". */
  readonly expects: string;
  /** undefined: the text has another form. */
  readonly parse: (text: string) => T | undefined;
}

/** "*", or a list that may be empty. */
export type AllOr<T> = "*" | readonly T[];

const list = (text: string): string[] => (text.trim() === "" ? [] : text.split(",").map((item) => item.trim()));

function each<T>(text: string, parse: (item: string) => T | undefined): readonly T[] | undefined {
  const items: T[] = [];
  for (const word of list(text)) {
    const item = parse(word);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

const whole = (text: string, from: number, to: number): number | undefined => {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= from && number <= to ? number : undefined;
};

const port = (text: string): number | undefined => whole(text, 1, 65_535);

const cidr = (text: string): string | undefined => {
  const [address = "", length = "", ...rest] = text.split("/");
  const most = isIPv4(address) ? 32 : isIPv6(address) && !address.includes("%") ? 128 : -1;
  return rest.length === 0 && whole(length, 0, most) !== undefined ? text : undefined;
};

export const ports: Form<readonly number[]> = {
  expects: 'ports between 1 and 65535, separated by commas, such as "80,443"',
  parse: (text) => each(text, port),
};

export const portsOrAll: Form<AllOr<number>> = {
  expects: `"*" or ${ports.expects}`,
  parse: (text) => (text.trim() === "*" ? "*" : ports.parse(text)),
};

export const cidrs: Form<readonly string[]> = {
  expects: 'address ranges, separated by commas, such as "10.0.0.0/8,fd00::/8"',
  parse: (text) => each(text, cidr),
};

export const cidrsOrAll: Form<AllOr<string>> = {
  expects: `"*" or ${cidrs.expects}`,
  parse: (text) => (text.trim() === "*" ? "*" : cidrs.parse(text)),
};

export const interfaces: Form<readonly string[]> = {
  expects: 'names of network interfaces of up to 15 characters, separated by commas, such as "eth1,net1"',
  parse: (text) => each(text, (name) => (/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}$/.test(name) ? name : undefined)),
};

export const wholeNumber: Form<number> = {
  expects: "a whole number from 0 to 999999999",
  parse: (text) => whole(text, 0, 999_999_999),
};

export const seconds: Form<number> = {
  expects: "a whole number of seconds from 0 to 3600",
  parse: (text) => whole(text, 0, 3600),
};

export const trueOrFalse: Form<boolean> = {
  expects: '"true" or "false"',
  parse: (text) => (text === "true" ? true : text === "false" ? false : undefined),
};

/** @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export const quantity: Form<string> = {
  expects: 'a Kubernetes quantity such as "100m", "2" or "128Mi"',
  parse: (text) =>
    /^(\d+(\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|[KMGTPE]i|[eE][+-]?\d{1,2})?$/.test(text) ? text : undefined,
};

export const logLevel: Form<string> = {
  expects: '"trace", "debug", "info", "warning", "error", "critical" or "off"',
  parse: (text) => (/^(trace|debug|info|warn|warning|error|critical|off)$/.test(text) ? text : undefined),
};

/** Envoy 1.40 does not start when it is given another. @see its admin page /logging */
const logComponents: ReadonlySet<string> = new Set(
  (
    "a2a admin ai_protocol_manager alternate_protocols_cache aws assert backtrace basic_auth cache_filter client config " +
    "connection conn_handler compression credential_injector decompression dns dubbo dynamic_modules envoy_bug ext_authz " +
    "ext_proc rocketmq file filter forward_proxy geolocation golang grpc happy_eyeballs hc health_checker http http2 hystrix " +
    "init io ip_tagging jwt json_rpc kafka key_value_store lua local_rate_limit main matcher mcp misc mongo multi_connection " +
    "notification oauth2 pool quic quic_stream rate_limit_quota rbac rds redis router runtime secret sse stats stats_sinks " +
    "tap testing thrift tracing udp upstream wasm websocket"
  ).split(" "),
);

export const componentLogLevels: Form<string> = {
  expects: 'pairs of a component of Envoy and a level, separated by commas, such as "rbac:debug,http:info"',
  parse: (text) => {
    const pairs = each(text, (pair) => {
      const [component = "", level = "", ...rest] = pair.split(":");
      const known = logComponents.has(component) && logLevel.parse(level) !== undefined && rest.length === 0;
      return known ? pair : undefined;
    });
    return pairs?.join(",");
  },
};

/** Linux starts no program with an argument of 128 KiB, and the bootstrap is one: three lists, with each "$" doubled, fit. */
const mostStatsBytes = 16_384;

/** Whether names of statistics leave room for the rest of the bootstrap. */
export function fitsBootstrap(names: readonly string[]): boolean {
  return Buffer.byteLength(JSON.stringify(names)) <= mostStatsBytes;
}

export const words: Form<readonly string[]> = {
  expects: 'texts, separated by commas, such as "cluster.outbound,http", of 16 KiB at most',
  parse: (text) => fitting(each(text, (word) => (word === "" ? undefined : word))),
};

/** @see https://github.com/google/re2/wiki/Syntax */
export const regularExpressions: Form<readonly string[]> = {
  expects: 'regular expressions of RE2, separated by commas, such as "cluster\\..*\\.upstream_rq", of 16 KiB at most',
  parse: (text) =>
    fitting(
      each(text, (expression) => (expression !== "" && re2Fault(expression) === undefined ? expression : undefined)),
    ),
};

function fitting(names: readonly string[] | undefined): readonly string[] | undefined {
  return names !== undefined && fitsBootstrap(names) ? names : undefined;
}

export const imageName: Form<string> = {
  expects: 'the name of an image, such as "docker.io/pillion/proxyv2:0.1.0"',
  parse: (text) => (/^[A-Za-z0-9][A-Za-z0-9._\-/:@+]{0,499}$/.test(text) ? text : undefined),
};

/** Volumes or mounts, each with its name: JSON that is an object of them by name, or a list of them. */
export const namedObjects: Form<readonly JsonObject[]> = {
  expects: 'JSON such as {"certs": {"key": "value"}} or [{"name": "certs", "key": "value"}], with a name for each',
  parse: (text) => {
    const value = parseJson(text);
    if (isObject(value)) {
      const entries = Object.entries(value);
      return entries.every(([name, one]) => name !== "" && isObject(one))
        ? entries.map(([name, one]) => ({ name, ...withKeys(objectAt(one), { name: undefined }) }))
        : undefined;
    }
    if (!isList(value)) return undefined;
    const objects = value.filter(isObject);
    return objects.length === value.length && objects.every((one) => textAt(one, "name") !== "") ? objects : undefined;
  },
};

/** The JSON value of a text; undefined where it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  } catch {
    return undefined; // The caller says what was expected; where the text breaks off helps nobody in an annotation.
  }
}
