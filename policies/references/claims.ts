import { child, type JsonPath } from "../../base/json-path.ts";
import { hasLabels } from "../../model/selection.ts";
import { gatewayName } from "../../model/virtual-services.ts";
import type { Workload } from "../../model/workload.ts";
import { lookUp } from "../../model/world.ts";
import { type Around, type Complaint, rule } from "../rule.ts";
import { httpMatchesOf } from "../virtual-service/walk.ts";

/** Claims are known only where tokens are read. */
export const unreadClaims = rule({
  code: "PIL2117",
  alias: "IST0149",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "a gateway that routes by claims has a RequestAuthentication",
  *check(object, around): Iterable<Complaint> {
    const claims = httpMatchesOf(object).flatMap(({ value, path }) =>
      (["headers", "withoutHeaders"] as const).flatMap((field) =>
        Object.keys(value[field] ?? {})
          .filter((name) => name.startsWith("@request.auth.claims"))
          .map((name) => ({ name, path: child(path, field, name) })),
      ),
    );
    if (claims.length === 0) return;
    for (const written of object.spec.gateways ?? []) {
      const [namespace = "", name = ""] = gatewayName(written, object.metadata.namespace).split("/");
      const gateway = lookUp(around.world, "Gateway", namespace, name);
      if (gateway === undefined) continue;
      const pod = podsOf(gateway.spec.selector ?? {}, around).find((workload) => !readsTokens(workload, around));
      if (pod === undefined) continue;
      for (const claim of claims) yield unread(claim, `${namespace}/${name}`, pod);
    }
  },
});

function unread({ name, path }: { name: string; path: JsonPath }, gateway: string, pod: Workload): Complaint {
  return {
    path,
    problem: `the claim "${name}" is matched, and no RequestAuthentication is for pod ${pod.namespace}/${pod.name} of Gateway ${gateway}`,
    reason: "Tokens are not read there, so that the match is never true",
    fix: "Create a RequestAuthentication that selects the gateway's pods",
  };
}

function podsOf(selector: Readonly<Record<string, string>>, { snapshot }: Around): readonly Workload[] {
  return [...snapshot.workloads.values()].filter(({ labels }) => hasLabels(labels, selector));
}

function readsTokens({ namespace, labels }: Workload, { world, snapshot }: Around): boolean {
  return [...world.objects.RequestAuthentication.values()].some(({ metadata, spec }) => {
    const isHere = metadata.namespace === namespace || metadata.namespace === snapshot.mesh.rootNamespace;
    return isHere && hasLabels(labels, spec.selector?.matchLabels);
  });
}
