// The second step of a start: what all replicas of a revision stand on.
import { claimRevision } from "./apply-webhooks.ts";
import { openAuthority, storedAuthority } from "./authority.ts";
import { untilItWorks } from "./keep.ts";
import type { OpenWorld } from "./open-world.ts";
import { findOwner } from "./owner.ts";
import { remarking } from "./remarks.ts";
import { parts, type StartDeps, untilWell } from "./start-parts.ts";

/** Whose installation this is, and its CA; undefined when `signal` is aborted before. */
export async function findGround({ config, log, health, remarks }: StartDeps, world: OpenWorld, signal: AbortSignal) {
  const { namespace, revision } = config;
  const { api, client, snapshots } = world;
  const findInstallation = async () => {
    const owner = await findOwner(api, config.ownerClusterRole);
    await claimRevision(api, { revision, namespace, owner });
    return { owner };
  };
  const watched = (part: string) => ({ log, onOutcome: untilWell(health, part) });
  const installed = await untilItWorks(parts.installation, findInstallation, watched(parts.installation), signal);
  if (installed === undefined) return undefined;
  const { owner } = installed;
  const { trustDomain } = snapshots.current().mesh;
  const { keepCa, rootSpreadSeconds } = config;
  const onOutcome = remarking(remarks, world.events)("stored certificate authority", storedAuthority);
  const claim = { revision, owner, keepCa };
  const authority = {
    client,
    api,
    log,
    namespace,
    trustDomain,
    spreadMs: rootSpreadSeconds * 1_000,
    onOutcome,
    ...claim,
  };
  const open = () => openAuthority(authority, signal);
  const ca = await untilItWorks(parts.authority, open, watched(parts.authority), signal);
  return ca && { owner, ca };
}

export type Ground = NonNullable<Awaited<ReturnType<typeof findGround>>>;
