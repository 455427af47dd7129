// The one place where the world becomes a snapshot and everybody who cares hears of it.
import { buildSnapshot, type Held } from "../model/build.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { World } from "../model/world.ts";

/** The present meaning of the world, and who wants to hear of the next. */
export interface Snapshots {
  current(): Snapshot;
  /** @returns a function that ends the subscription. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void;
  /**
   * From now on identities keep the present trust domain, whatever the mesh configuration says: proxies that are connected
   * keep their certificates, and those of another domain would not be let in. @returns it
   */
  holdTrustDomain(): string;
  /** Build from this world and tell everybody. */
  publish(world: World): void;
}

/** Starts with the meaning of `world`. */
export function createSnapshots(world: World): Snapshots {
  let snapshot = buildSnapshot(world);
  let held: Held = {};
  const listeners = new Set<(snapshot: Snapshot) => void>();
  return {
    current: () => snapshot,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    holdTrustDomain: () => {
      const { trustDomain } = snapshot.mesh;
      held = { trustDomain };
      return trustDomain;
    },
    publish: (next) => {
      const built = buildSnapshot(next, snapshot, held);
      if (built === snapshot) return;
      snapshot = built;
      for (const listener of listeners) listener(built);
    },
  };
}
