import type { ObjectOf } from "../../api/kinds.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Connections are told apart by server names, of which Envoy knows whole labels only. */
export const serverNames = rule({
  code: "PIL4009",
  kinds: ["Gateway", "VirtualService", "ServiceEntry"],
  enforcement: "deny",
  summary: "a wildcard for server names of TLS stands for whole labels",
  *check(object): Iterable<Complaint> {
    for (const { name, path } of namesOf(object)) {
      const host = name.slice(name.indexOf("/") + 1);
      if (!host.startsWith("*") || host === "*" || host.startsWith("*.")) continue;
      yield complaint(
        path,
        `"${name}" has a * for a part of a label`,
        "Envoy refuses such a server name, and with it the whole port",
        `Write *.${host.slice(host.indexOf(".") + 1)}, or the names one by one`,
      );
    }
  },
});

type WithNames = ObjectOf<"Gateway" | "VirtualService" | "ServiceEntry">;

function namesOf(object: WithNames): readonly { readonly name: string; readonly path: JsonPath }[] {
  const listed = (names: readonly string[] | undefined, path: JsonPath) =>
    items(names, path).map((item) => ({ name: item.value, path: item.path }));
  switch (object.kind) {
    case "Gateway":
      return items(object.spec.servers, jsonPath("spec", "servers")).flatMap(({ value, path }) =>
        value.tls === undefined && !isTls(value.port.protocol) ? [] : listed(value.hosts, child(path, "hosts")),
      );
    case "VirtualService":
      return items(object.spec.tls, jsonPath("spec", "tls")).flatMap(({ value, path }) =>
        items(value.match, child(path, "match")).flatMap((match) =>
          listed(match.value.sniHosts, child(match.path, "sniHosts")),
        ),
      );
    case "ServiceEntry":
      return (object.spec.ports ?? []).some(({ protocol = "" }) => isTls(protocol))
        ? listed(object.spec.hosts, jsonPath("spec", "hosts"))
        : [];
  }
}

function isTls(protocol: string): boolean {
  return ["HTTPS", "TLS"].includes(protocol.toUpperCase());
}
