import { idleFields, idleIn, idleSecurityFields } from "../no-effect.ts";
import { type Complaint, rule } from "../rule.ts";

/** Fields that this version does not act on. */
export const idle = rule({
  code: "PIL9101",
  kinds: ["VirtualService", "DestinationRule", "Gateway", "ServiceEntry"],
  enforcement: "warn",
  summary: "fields have an effect in this version",
  check: (object): Iterable<Complaint> => idleIn(idleFields, object, "It is stored, and no proxy acts on it"),
});

/** The same for fields that people rely on for their safety. */
export const idleSecurity = rule({
  code: "PIL6101",
  kinds: ["DestinationRule", "Gateway", "PeerAuthentication"],
  enforcement: "deny",
  summary: "security fields are enforced in this version",
  check: (object): Iterable<Complaint> =>
    idleIn(idleSecurityFields, object, "It is about security, and nothing would enforce it"),
});
