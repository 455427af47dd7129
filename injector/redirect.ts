// The rules that send a pod's connections through its proxy: text for iptables-restore, one for each address family.
// Which rule is needed why was tried by leaving each one out; see docs/injection.md.
import { excludedInboundPorts, sidecarPorts } from "../model/sidecar.ts";
import type { AllOr } from "./forms.ts";

/** What is redirected, after annotations and settings. */
export interface Redirect {
  readonly includeOutboundIPRanges: AllOr<string>;
  readonly excludeOutboundIPRanges: readonly string[];
  readonly includeInboundPorts: AllOr<number>;
  readonly excludeInboundPorts: readonly number[];
  readonly includeOutboundPorts: AllOr<number>;
  readonly excludeOutboundPorts: readonly number[];
  readonly excludeInterfaces: readonly string[];
  /** Interfaces behind which a virtual machine lives: what comes in there is its outbound traffic. */
  readonly virtualInterfaces: readonly string[];
  /** User that the proxy runs as, whose own traffic must not be redirected again. */
  readonly proxyUser: number;
}

export type Family = "IPv4" | "IPv6";

export const inboundChain = "PILLION_IN";
export const outboundChain = "PILLION_OUT";

/** Addresses in a family: `passedOn` is what Envoy binds to when it hands a connection to the application. */
const addresses = {
  IPv4: { passedOn: "127.0.0.6/32", loopback: "127.0.0.1/32" },
  IPv6: { passedOn: "::6/128", loopback: "::1/128" },
} as const;

/** iptables' multiport match takes that many ports. */
const multiportLimit = 15;

/** Both chains, complete. Restoring them again (with --noflush) replaces them, so a restarted init container changes nothing. */
export function redirectRules(redirect: Redirect, family: Family): string {
  const rules = [...inboundRules(redirect, family), ...outboundRules(redirect, family)];
  return ["*nat", `:${inboundChain} - [0:0]`, `:${outboundChain} - [0:0]`, ...rules, "COMMIT"].join("\n");
}

function* inboundRules(redirect: Redirect, family: Family): Generator<string> {
  const toProxy = `-j REDIRECT --to-ports ${sidecarPorts.inbound}`;
  const add = `-A ${inboundChain}`;
  for (const name of redirect.excludeInterfaces) yield `${add} -i ${name} -j RETURN`;
  for (const name of redirect.virtualInterfaces) {
    for (const to of captured(redirect, family))
      yield `${add} -i ${name} -p tcp ${to}-j REDIRECT --to-ports ${sidecarPorts.outbound}`;
    yield `${add} -i ${name} -j RETURN`;
  }
  for (const match of portMatches([...excludedInboundPorts, ...redirect.excludeInboundPorts]))
    yield `${add} -p tcp ${match} -j RETURN`;
  if (redirect.includeInboundPorts === "*") yield `${add} -p tcp ${toProxy}`;
  else for (const match of portMatches(redirect.includeInboundPorts)) yield `${add} -p tcp ${match} ${toProxy}`;
}

function* outboundRules(redirect: Redirect, family: Family): Generator<string> {
  const { passedOn, loopback } = addresses[family];
  const toProxy = `-j REDIRECT --to-ports ${sidecarPorts.outbound}`;
  const add = `-A ${outboundChain}`;
  const byProxy = `-m owner --uid-owner ${redirect.proxyUser}`;
  for (const name of redirect.excludeInterfaces) yield `${add} -o ${name} -j RETURN`;
  // From the proxy to its application: done. Without it, an endless loop.
  yield `${add} -o lo -s ${passedOn} -j RETURN`;
  // The pod calls its own service: the proxy's connection to the own pod must enter as any other does.
  yield `${add} -o lo ! -d ${loopback} -p tcp ${byProxy} -j REDIRECT --to-ports ${sidecarPorts.inbound}`;
  yield `${add} ${byProxy} -j RETURN`;
  yield `${add} -o lo -j RETURN`;
  for (const match of portMatches(redirect.excludeOutboundPorts)) yield `${add} -p tcp ${match} -j RETURN`;
  for (const range of ofFamily(redirect.excludeOutboundIPRanges, family)) yield `${add} -d ${range} -j RETURN`;
  if (redirect.includeOutboundPorts === "*") yield `${add} -p tcp ${toProxy}`;
  else for (const match of portMatches(redirect.includeOutboundPorts)) yield `${add} -p tcp ${match} ${toProxy}`;
  for (const to of captured(redirect, family)) yield `${add} -p tcp ${to}${toProxy}`;
}

/** Matches (with a space behind) for the destinations that are redirected. */
function captured(redirect: Redirect, family: Family): readonly string[] {
  if (redirect.includeOutboundIPRanges === "*") return [""];
  return ofFamily(redirect.includeOutboundIPRanges, family).map((range) => `-d ${range} `);
}

const ofFamily = (ranges: readonly string[], family: Family): readonly string[] =>
  ranges.filter((range) => range.includes(":") === (family === "IPv6"));

function* portMatches(ports: readonly number[]): Generator<string> {
  const different = [...new Set(ports)];
  for (let from = 0; from < different.length; from += multiportLimit) {
    yield `-m multiport --dports ${different.slice(from, from + multiportLimit).join(",")}`;
  }
}

/**
 * The init container's program: `sh -ec SCRIPT istio-init RULES4 RULES6`. It fills the chains, then adds the two jumps where
 * they are not there yet. IPv6 is left out in pods that have no IPv6 address of their own. There is no `$(` in it, which
 * Kubernetes would take for a variable.
 */
export const redirectScript = `redirect() {
  printf '%s\\n' "$2" | "$1-restore" --noflush --wait 30
  "$1" --wait 30 -t nat -C PREROUTING -p tcp -j ${inboundChain} 2>/dev/null || "$1" --wait 30 -t nat -A PREROUTING -p tcp -j ${inboundChain}
  "$1" --wait 30 -t nat -C OUTPUT -p tcp -j ${outboundChain} 2>/dev/null || "$1" --wait 30 -t nat -A OUTPUT -p tcp -j ${outboundChain}
}
redirect iptables "$1"
if [ -r /proc/net/if_inet6 ]; then
  while read -r address index prefix scope rest; do
    if [ "$scope" = 00 ] && [ "$address" != 00000000000000000000000000000006 ]; then
      ip -6 addr replace ::6/128 dev lo
      redirect ip6tables "$2"
      break
    fi
  done </proc/net/if_inet6
fi`;
