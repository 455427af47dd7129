// Listeners put in, one loop takes out: what happens to a stream is worked off in order, at the loop's own pace.

export interface Inbox<T> {
  /** How much waits. */
  readonly size: number;
  put(item: T): void;
  /** All that has come in, as soon as there is something. */
  takeAll(): Promise<readonly T[]>;
}

export function newInbox<T>(): Inbox<T> {
  let items: T[] = [];
  let wake: (() => void) | undefined;
  return {
    get size() {
      return items.length;
    },
    put(item) {
      items.push(item);
      wake?.();
    },
    async takeAll() {
      if (items.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
      const taken = items;
      items = [];
      return taken;
    },
  };
}
