// Several revisions share one CA, so it belongs to all of them: each adds its ClusterRole as an owner, and Kubernetes deletes
// the Secret with the last one. Where one of them is told to keep the CA, it belongs to nobody.
import { type JsonObject, listAt, objectAt, textsAt, withKeys } from "../../injector/json.ts";
import type { OwnerReference } from "./owner.ts";

/** Whose CA it is, as one control plane sees it. */
export interface CaClaim {
  readonly revision: string;
  readonly owner: OwnerReference | undefined;
  /** The CA stays when this installation goes. */
  readonly keepCa: boolean;
}

/** An annotation of this prefix, with a revision's name behind it, says that this revision wants the CA kept. */
const keepPrefix = "keep.pillion.io/";

/** The Secret with this control plane's claim in its metadata; the same object when it is there already. */
export function claimed(secret: JsonObject, { revision, owner, keepCa }: CaClaim): JsonObject {
  const metadata = objectAt(secret, "metadata");
  const { [`${keepPrefix}${revision}`]: own, ...others } = textsAt(metadata, "annotations");
  const annotations = keepCa ? { ...others, [`${keepPrefix}${revision}`]: "true" } : others;
  const isKept = Object.keys(annotations).some((key) => key.startsWith(keepPrefix));
  const present = listAt(metadata, "ownerReferences");
  // A ClusterRole of our name with another uid is one that was deleted since.
  const strangers = present.filter(({ kind, name }) => kind !== "ClusterRole" || (!isKept && name !== owner?.name));
  const owners = owner === undefined || isKept ? strangers : [...strangers, { ...owner }];
  const isRight = (own !== undefined) === keepCa && sameOwners(owners, present);
  return isRight
    ? secret
    : withKeys(secret, { metadata: withKeys(metadata, { annotations, ownerReferences: owners }) });
}

function sameOwners(a: readonly JsonObject[], b: readonly JsonObject[]): boolean {
  const uids = (owners: readonly JsonObject[]): string =>
    owners
      .map(({ uid }) => String(uid))
      .toSorted()
      .join();
  return uids(a) === uids(b);
}
