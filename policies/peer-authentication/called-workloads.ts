// How workloads are called by DestinationRules when a PeerAuthentication changes what they take.

import { refOf } from "../../api/object.ts";
import type { PeerAuthentication } from "../../api/peer-authentication.ts";
import { jsonPath } from "../../base/json-path.ts";
import { type ObjectRef, refText, sameRef } from "../../base/object-ref.ts";
import { oldestFirst } from "../../model/age.ts";
import { hostname } from "../../model/hosts.ts";
import { type MtlsMode, peerPolicyFrom } from "../../model/mtls.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { settingsOf } from "../destination-rule/connections.ts";
import { type Complaint, rule } from "../rule.ts";

/** What becomes STRICT is called with mutual TLS of the mesh. */
export const strictBehindTls = rule({
  code: "PIL3011",
  kinds: ["PeerAuthentication"],
  enforcement: "warn",
  summary: "workloads that become STRICT are called with mutual TLS",
  *check(object, { snapshot }): Iterable<Complaint> {
    if (!mentions(object, "STRICT")) return;
    for (const { origin, host, mode, pod } of callsTo(object, snapshot, "STRICT")) {
      if (mode === "ISTIO_MUTUAL") continue;
      yield {
        path: jsonPath("spec", "mtls", "mode"),
        problem: `pod ${pod} becomes STRICT, and ${refText(origin)} calls ${host} with TLS mode ${mode}`,
        reason: "Those calls would be ended, and callers would get 503",
        fix: "Take tls out of the DestinationRule, or write PERMISSIVE",
        others: [origin],
      };
    }
  },
});

/** What is to speak plain text is not called with mutual TLS. */
export const plainBehindTls = rule({
  code: "PIL3026",
  kinds: ["PeerAuthentication"],
  enforcement: "warn",
  summary: "workloads that stop speaking mutual TLS are not called with it",
  *check(object, { snapshot }): Iterable<Complaint> {
    if (!mentions(object, "DISABLE")) return;
    for (const { origin, host, mode, pod } of callsTo(object, snapshot, "DISABLE")) {
      if (mode !== "ISTIO_MUTUAL") continue;
      yield {
        path: jsonPath("spec"),
        problem: `pod ${pod} is to speak plain text, and ${refText(origin)} calls ${host} with TLS mode ${mode}`,
        reason: "It would not understand the handshake, and callers would get 503",
        fix: "Take tls out of the DestinationRule first",
        others: [origin],
      };
    }
  },
});

function mentions({ spec }: PeerAuthentication, mode: MtlsMode): boolean {
  return [spec.mtls, ...Object.values(spec.portLevelMtls ?? {})].some((setting) => setting?.mode === mode);
}

interface Call {
  readonly origin: ObjectRef;
  readonly host: string;
  /** What the DestinationRule says. */
  readonly mode: string;
  readonly pod: string;
}

/** For each DestinationRule with TLS: a pod that takes connections in this mode because of the object, and not without it. */
function* callsTo(object: PeerAuthentication, snapshot: Snapshot, wanted: MtlsMode): Iterable<Call> {
  const before = snapshot.peerAuthentications.filter((stored) => !sameRef(refOf(stored), refOf(object)));
  const after = [...before, object].toSorted(oldestFirst);
  const { rootNamespace } = snapshot.mesh;
  for (const called of snapshot.destinationRules) {
    const settings = settingsOf(called).filter(({ value }) => value.tls?.mode !== undefined);
    const service = settings.length === 0 ? undefined : snapshot.services.get(hostname(called.spec.host));
    if (service === undefined) continue;
    for (const { value } of settings) {
      const port = "port" in value ? value.port?.number : undefined;
      const changed = (snapshot.endpoints.get(service.hostname) ?? []).find(({ workload, ports }) => {
        const pod = workload === undefined ? undefined : snapshot.workloads.get(workload);
        if (pod === undefined || !pod.hasSidecar) return false;
        const numbers = port === undefined ? Object.values(ports) : [ports[port]];
        const modes = [before, after].map((policies) => {
          const policy = peerPolicyFrom(policies, rootNamespace, pod);
          return numbers.map((number) => policy.ports[String(number)] ?? policy.mode);
        });
        return modes[1]?.some((mode, index) => mode === wanted && modes[0]?.[index] !== wanted) === true;
      });
      if (changed?.workload === undefined) continue;
      yield { origin: refOf(called), host: called.spec.host, mode: value.tls?.mode ?? "", pod: changed.workload };
      break;
    }
  }
}
