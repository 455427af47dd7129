// What people set on the command line or in a file, dealt out to the releases that it is for.
import { PillionError } from "../../base/error.ts";
import { isObject, type Json, type JsonObject } from "../../injector/json.ts";

/** The releases of a whole installation, and which of them are gateways. */
export interface Releases {
  readonly base: string;
  readonly controlPlane: string;
  readonly gateways: readonly string[];
}

/** A path and a value as helm's --set takes them: `meshConfig.accessLogFile=/dev/stdout`. */
export interface Setting {
  readonly release: string;
  readonly text: string;
}

/** Gateways stand under this key, by their names. */
const gatewaysKey = "gateways";

/** The parts of `a=1,b={2,3},c=x\,y`, which helm reads as three settings. */
export function splitSettings(text: string): readonly string[] {
  const parts: string[] = [""];
  let depth = 0;
  for (const token of text.match(/\\.|[^\\]|\\$/gsu) ?? []) {
    if (token === "{") depth += 1;
    if (token === "}") depth -= 1;
    if (token === "," && depth === 0) parts.push("");
    else parts.push(`${parts.pop() ?? ""}${token}`);
  }
  return parts.filter((part) => part !== "");
}

/**
 * Which releases a setting is for, and how they call it. Keys are the control plane's, except `base.*`,
 * `gateways.NAME.*`, and `revision`, which all but the base have. `values.` in front is Istio's way to say the same.
 * @throws {PillionError} VALUES: there is no gateway of that name.
 */
export function dealSetting(text: string, releases: Releases): readonly Setting[] {
  const setting = text.replace(/^values\./, "");
  if (setting.startsWith("base.")) return [{ release: releases.base, text: setting }];
  const gateway = new RegExp(`^${gatewaysKey}\\.([^.=]+)\\.`).exec(setting);
  if (gateway?.[1] !== undefined) {
    return [{ release: knownGateway(gateway[1], releases), text: setting.slice(gateway[0].length) }];
  }
  const isForAll = setting.startsWith("revision=");
  const owners = isForAll ? [releases.controlPlane, ...releases.gateways] : [releases.controlPlane];
  return owners.map((release) => ({ release, text: setting }));
}

/**
 * The same for a file of values: what each release gets of it.
 * @throws {PillionError} VALUES: there is no gateway of that name.
 */
export function dealValues(values: JsonObject, releases: Releases): ReadonlyMap<string, JsonObject> {
  const { base, [gatewaysKey]: gateways, ...others } = values;
  const dealt = new Map<string, JsonObject>([[releases.controlPlane, others]]);
  if (base !== undefined) dealt.set(releases.base, { base });
  const { revision } = values;
  if (revision !== undefined) for (const name of releases.gateways) dealt.set(name, { revision });
  for (const [name, own] of Object.entries(isObject(gateways) ? gateways : {})) {
    if (isObject(own)) dealt.set(knownGateway(name, releases), { ...dealt.get(name), ...own });
  }
  return dealt;
}

/** Values over values as Helm merges them: objects by key, everything else as a whole. */
export function mergeValues(under: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const present = merged[key];
    merged[key] = isObject(present) && isObject(value) ? mergeValues(present, value) : value;
  }
  return merged;
}

function knownGateway(name: string, { gateways }: Releases): string {
  if (gateways.includes(name)) return name;
  const known = gateways.length === 0 ? "no gateway" : `only ${gateways.join(" and ")}`;
  throw new PillionError("VALUES", {
    problem: `there is no gateway "${name}" in this profile`,
    reason: `It has ${known}`,
    fix: "Use --set profile=demo, which has an ingress and an egress gateway, or install charts/gateway by itself",
  });
}
