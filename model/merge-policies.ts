// Several DestinationRules for one host say together what each says alone: their fields add up, and of what two of them say
// the older one's counts. Load balancer, TLS and the like are one field each: half of one and half of the other has no meaning.
import type { TrafficPolicy } from "../api/traffic-policy.ts";
import { child, type JsonPath } from "../base/json-path.ts";
import { isEqual } from "./keep.ts";

/** What both say; `older` goes first. */
export function mergePolicies(
  older: TrafficPolicy | undefined,
  younger: TrafficPolicy | undefined,
): TrafficPolicy | undefined {
  if (older === undefined || younger === undefined) return older ?? younger;
  const merged = mergeFields(older, younger) as TrafficPolicy; // Its fields are the fields of the two.
  if (older.portLevelSettings === undefined || younger.portLevelSettings === undefined) return merged;
  return { ...merged, portLevelSettings: mergePorts(older.portLevelSettings, younger.portLevelSettings) };
}

/** Places in a policy where another one says something else, as paths into the first. */
export function policyDifferences(policy: TrafficPolicy, other: TrafficPolicy, path: JsonPath): readonly JsonPath[] {
  const { portLevelSettings: ports = [], ...fields } = policy;
  const { portLevelSettings: otherPorts = [], ...otherFields } = other;
  const forPorts = ports.flatMap((settings, index) => {
    const same = otherPorts.find((candidate) => candidate.port?.number === settings.port?.number);
    return same === undefined ? [] : fieldDifferences(settings, same, child(path, "portLevelSettings", index));
  });
  return [...fieldDifferences(fields, otherFields, path), ...forPorts];
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that are one thing, although they have parts. */
const whole: ReadonlySet<string> = new Set([
  "loadBalancer",
  "tls",
  "tunnel",
  "proxyProtocol",
  "tcpKeepalive",
  "http2KeepAlive",
  "port",
]);

function mergeFields(older: Fields, younger: Fields): Fields {
  const merged: Record<string, unknown> = { ...younger, ...older };
  for (const [name, value] of Object.entries(older)) {
    const other = younger[name];
    if (!whole.has(name) && isFields(value) && isFields(other)) merged[name] = mergeFields(value, other);
  }
  return merged;
}

function fieldDifferences(fields: Fields, others: Fields, path: JsonPath): readonly JsonPath[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const other = others[name];
    if (value === undefined || other === undefined || isEqual(value, other)) return [];
    const place = child(path, name);
    return !whole.has(name) && isFields(value) && isFields(other) ? fieldDifferences(value, other, place) : [place];
  });
}

type Ports = NonNullable<TrafficPolicy["portLevelSettings"]>;

function mergePorts(older: Ports, younger: Ports): Ports {
  const find = (list: Ports, port: number | undefined) => list.find((settings) => settings.port?.number === port);
  const both = older.map((settings) => {
    const other = find(younger, settings.port?.number);
    // The fields of both are those of settings for a port.
    return other === undefined ? settings : (mergeFields(settings, other) as Ports[number]);
  });
  return [...both, ...younger.filter((settings) => find(older, settings.port?.number) === undefined)];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
