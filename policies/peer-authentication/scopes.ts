import { refOf } from "../../api/object.ts";
import type { PeerAuthentication } from "../../api/peer-authentication.ts";
import { jsonPath } from "../../base/json-path.ts";
import { sameRef } from "../../base/object-ref.ts";
import { isSelecting } from "../../model/mtls.ts";
import { type Complaint, rule } from "../rule.ts";

/** One PeerAuthentication speaks for a namespace, and one for each set of selected workloads. */
export const oneForScope = rule({
  code: "PIL3002",
  kinds: ["PeerAuthentication"],
  enforcement: "deny",
  summary: "one PeerAuthentication a scope",
  *check(object, { snapshot }): Iterable<Complaint> {
    const scope = scopeOf(object);
    const other = snapshot.peerAuthentications.find(
      (stored) => !sameRef(refOf(stored), refOf(object)) && scopeOf(stored) === scope,
    );
    if (other === undefined) return;
    const { namespace, name } = other.metadata;
    const what = isSelecting(object) ? "the same workloads" : `all workloads of namespace ${namespace}`;
    yield {
      path: jsonPath("spec", "selector"),
      problem: `PeerAuthentication ${namespace}/${name} is for ${what}, too`,
      reason: "Only the older of the two would count",
      fix: `Change ${namespace}/${name}, or select other workloads`,
      others: [refOf(other)],
    };
  },
});

function scopeOf(object: PeerAuthentication): string {
  const labels = Object.entries(object.spec.selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  return [object.metadata.namespace, ...labels.toSorted()].join(" ");
}
