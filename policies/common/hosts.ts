import type { ObjectOf } from "../../api/kinds.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { destinationsOf, items } from "../virtual-service/walk.ts";
import { type HostForm, hostFault } from "./names.ts";

interface WrittenHost {
  readonly host: string;
  readonly path: JsonPath;
  readonly form: HostForm;
}

/** Hosts are DNS names; a wildcard stands at the beginning, and only where one makes sense. */
export const hostNames = rule({
  code: "PIL1102",
  guardsEnvoy: true,
  kinds: ["VirtualService", "DestinationRule", "Gateway", "ServiceEntry"],
  enforcement: "deny",
  summary: "hosts are DNS names",
  *check(object): Iterable<Complaint> {
    for (const { host, path, form } of hostsOf(object)) {
      const fault = hostFault(host, form);
      if (fault === undefined) continue;
      const fix = form.wildcard
        ? "Write a name such as reviews, reviews.shop.svc.cluster.local or *.example.com"
        : "Write a name such as reviews or reviews.shop.svc.cluster.local";
      yield { path, problem: `host "${host.slice(0, 80)}" ${fault}`, reason: "No request could be for it", fix };
    }
  },
});

type WithHosts = ObjectOf<"VirtualService" | "DestinationRule" | "Gateway" | "ServiceEntry">;

function hostsOf(object: WithHosts): readonly WrittenHost[] {
  switch (object.kind) {
    case "VirtualService":
      return [
        ...plain(object.spec.hosts?.map(sniDnatHost), jsonPath("spec", "hosts"), { wildcard: true, address: true }),
        ...destinationsOf(object).map(({ value, path }) => ({
          host: sniDnatHost(value.host),
          path: child(path, "host"),
          form: { wildcard: value.host !== "*", address: true },
        })),
      ];
    case "DestinationRule":
      return plain([object.spec.host], jsonPath("spec", "host"), { wildcard: true }).map((host) => ({
        ...host,
        path: jsonPath("spec", "host"),
      }));
    case "Gateway":
      return items(object.spec.servers, jsonPath("spec", "servers")).flatMap(({ value, path }) =>
        items(value.hosts, child(path, "hosts")).map((host) => ({
          host: host.value.slice(host.value.indexOf("/") + 1),
          path: host.path,
          form: { wildcard: true },
        })),
      );
    case "ServiceEntry":
      return plain(object.spec.hosts, jsonPath("spec", "hosts"), { wildcard: true }).map((host) => ({
        ...host,
        form: { wildcard: host.host !== "*" },
      }));
  }
}

function plain(hosts: readonly string[] | undefined, path: JsonPath, form: HostForm): readonly WrittenHost[] {
  return items(hosts, path).map((item) => ({ host: item.value, path: item.path, form }));
}

/** Behind a gateway that passes TLS on, a destination may be named as its SNI: outbound_.80_.v1_.reviews.shop… */
function sniDnatHost(host: string): string {
  const parts = /^outbound_\.\d+_\.[^.]*_\.(.+)$/.exec(host);
  return parts?.[1] ?? host;
}
