// The forms of annotations whose values the injector reads: what it would refuse when the pod is made is told before.
import { isCidr } from "../../model/authority.ts";

/** What a value must be, and whether it is. */
export interface ValueForm {
  readonly expects: string;
  readonly fits: (text: string) => boolean;
}

const separated = (text: string): readonly string[] => text.split(",").map((item) => item.trim());
const isWhole = (text: string, from: number, to: number): boolean =>
  /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to;
const isPort = (text: string): boolean => isWhole(text, 1, 65_535);
const arePorts = (text: string): boolean => text.trim() === "" || separated(text).every(isPort);
const areRanges = (text: string): boolean =>
  text.trim() === "" || separated(text).every((item) => item.includes("/") && isCidr(item));

const number: ValueForm = { expects: "a whole number", fits: (text) => isWhole(text, 0, 999_999_999) };
const choice: ValueForm = { expects: '"true" or "false"', fits: (text) => text === "true" || text === "false" };
const port: ValueForm = { expects: "a port number", fits: (text) => isWhole(text, 0, 65_535) };
const ports: ValueForm = { expects: 'port numbers such as "8080,9090"', fits: arePorts };
const portsOrAll: ValueForm = {
  expects: 'port numbers such as "8080,9090", or "*"',
  fits: (text) => text === "*" || arePorts(text),
};
const ranges: ValueForm = { expects: 'address ranges such as "10.0.0.0/8"', fits: areRanges };
const rangesOrAll: ValueForm = {
  expects: 'address ranges such as "10.0.0.0/8", or "*"',
  fits: (text) => text === "*" || areRanges(text),
};

/** Annotations of pods whose values have a form. */
export const valueForms: ReadonlyMap<string, ValueForm> = new Map([
  ["readiness.status.sidecar.istio.io/initialDelaySeconds", number],
  ["readiness.status.sidecar.istio.io/periodSeconds", number],
  ["readiness.status.sidecar.istio.io/failureThreshold", number],
  ["status.sidecar.istio.io/port", port],
  ["sidecar.istio.io/interceptionMode", oneOf("REDIRECT", "TPROXY", "NONE")],
  ["sidecar.istio.io/nativeSidecar", choice],
  ["prometheus.istio.io/merge-metrics", choice],
  ["traffic.sidecar.istio.io/includeInboundPorts", portsOrAll],
  ["traffic.sidecar.istio.io/excludeInboundPorts", ports],
  ["traffic.sidecar.istio.io/includeOutboundPorts", portsOrAll],
  ["traffic.sidecar.istio.io/excludeOutboundPorts", ports],
  ["traffic.sidecar.istio.io/includeOutboundIPRanges", rangesOrAll],
  ["traffic.sidecar.istio.io/excludeOutboundIPRanges", ranges],
]);

function oneOf(...words: readonly string[]): ValueForm {
  return { expects: words.map((word) => `"${word}"`).join(" or "), fits: (text) => words.includes(text) };
}
