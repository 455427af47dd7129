import type { Gateway, ServerTls } from "../../api/gateway.ts";
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { hasLabels } from "../../model/selection.ts";
import { filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/**
 * Browsers send requests for several hosts over one HTTP/2 connection when one certificate is for all of them. A listener chooses by
 * the name of the connection's first host, and knows nothing of the hosts of another Gateway.
 */
export const sharedCertificates = rule({
  code: "PIL3201",
  alias: "IST0138",
  kinds: ["Gateway"],
  enforcement: "warn",
  summary: "a certificate stands in one Gateway",
  *check(object, { snapshot }): Iterable<Complaint> {
    const rivals = snapshot.gateways.filter(
      (other) => !sameRef(refOf(other), refOf(object)) && sharesSelector(object, other),
    );
    if (rivals.length === 0) return;
    for (const { value, path } of items(object.spec.servers, jsonPath("spec", "servers"))) {
      const own = certificateOf(value.tls);
      if (own === undefined) continue;
      const others = rivals.filter(({ spec }) => (spec.servers ?? []).some(({ tls }) => certificateOf(tls) === own));
      if (others.length === 0) continue;
      const names = others.map((other) => refText(refOf(other))).join(" and ");
      yield {
        path: child(path, "tls"),
        problem: `${names} shows the same certificate on the same pods`,
        reason:
          "Browsers reuse a connection for every host of its certificate, and get 404 for those of the other Gateway",
        fix: "Put the hosts into one Gateway, or give each a certificate for its own hosts",
        others: others.map(refOf),
      };
      return;
    }
  },
});

/** What names a certificate; undefined where TLS does not end. */
function certificateOf(tls: ServerTls | undefined): string | undefined {
  if (filled(tls?.credentialName)) return `secret ${tls.credentialName}`;
  if (filled(tls?.serverCertificate) && filled(tls.privateKey)) return `${tls.serverCertificate} ${tls.privateKey}`;
  return undefined;
}

/** One of the selectors asks for no more than the other. */
function sharesSelector({ spec: a }: Gateway, { spec: b }: Gateway): boolean {
  return hasLabels(a.selector ?? {}, b.selector) || hasLabels(b.selector ?? {}, a.selector);
}
