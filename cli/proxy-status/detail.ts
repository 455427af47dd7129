// One proxy in detail, for people.
import { type SynczError, syncTypes } from "../../control-plane/syncz.ts";
import { tableLines } from "../table.ts";
import type { ConnectedProxy } from "./replicas.ts";
import { ageText, cell } from "./rows.ts";

/** The lines about one proxy. */
export function detailLines(proxy: ConnectedProxy): readonly string[] {
  const { name, type, envoyVersion, revision, cluster, istiod, connectedSeconds, lastSentSeconds, types } = proxy;
  const { hosts, errors, detail } = proxy;
  const facts = [
    ["Proxy:", [name, `(${type})`].join(" ")],
    ["Envoy:", envoyVersion],
    ["Cluster:", cluster],
    ["Revision:", revision],
    ["Connected to:", `${istiod}, for ${ageText(connectedSeconds)}`],
    ["Last sent:", lastSentSeconds === undefined ? "nothing" : `${ageText(lastSentSeconds)} ago`],
    ["Hosts:", hostsText(hosts)],
  ].map(([label = "", value = ""]) => `${label.padEnd(15)}${value || "-"}`);
  const rows = syncTypes.map((short) => [short, cell(types[short]), String(types[short].resources)]);
  return [
    ...facts,
    "",
    ...tableLines(["TYPE", "STATUS", "RESOURCES"], rows),
    ...section("Refused by Envoy, whose last good form stays", errors.map(errorText)),
    ...section("Sent, and not acknowledged yet", detail?.unacknowledged),
    ...section("Not sent yet, because what it needs is not acknowledged", detail?.waiting),
    ...section("Sent although what it needs was not acknowledged in time", detail?.late),
    ...section("Hosts that it holds", detail?.hosts),
  ];
}

/** "VHDS 9080/reviews.shop.svc.cluster.local, from VirtualService shop/reviews: no such cluster". */
export function errorText({ type, resource, objects, message }: SynczError): string {
  const origin = objects.length === 0 ? "" : `, from ${objects.join(", ")}`;
  return `${type} ${resource}${origin}: ${message}`;
}

function hostsText({ held, learned, full }: ConnectedProxy["hosts"]): string {
  const limit = full ? "; its workload calls so many that no more are remembered" : "";
  return `${held} held, ${learned} known from the start${limit}`;
}

function section(title: string, lines: readonly string[] = []): readonly string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${line}`)];
}
