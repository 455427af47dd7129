// One watcher for each folder: Node's recursive watching loses events on Linux.
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";

/** Watchers of a changing set of folders. */
export class FolderWatch {
  readonly #watchers = new Map<string, { readonly inode: string; readonly watcher: FSWatcher }>();
  readonly #onEvent: (path: string) => void;

  /** @param onEvent - told the path of what changed, or the folder's where the system does not say. */
  constructor(onEvent: (path: string) => void) {
    this.#onEvent = onEvent;
  }

  /**
   * Watch exactly these folders (path and inode: a folder that was removed and made again is another one).
   * @returns how many are newly watched, and why some cannot be.
   */
  set(folders: ReadonlyMap<string, string>): { readonly added: number; readonly failure?: string } {
    for (const [path, { inode, watcher }] of this.#watchers) {
      if (folders.get(path) === inode) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    let added = 0;
    for (const [path, inode] of folders) {
      if (this.#watchers.has(path)) continue;
      try {
        this.#add(path, inode);
        added += 1;
      } catch (error) {
        // The system's limit of watches, or a folder that has just gone: the caller looks again from time to time.
        return { added, failure: error instanceof Error ? error.message : String(error) };
      }
    }
    return { added };
  }

  close(): void {
    this.set(new Map());
  }

  #add(path: string, inode: string): void {
    const watcher = watch(path, (_, name) => this.#onEvent(join(path, name ?? "")));
    watcher.on("error", () => {
      watcher.close();
      this.#watchers.delete(path);
      this.#onEvent(path);
    });
    this.#watchers.set(path, { inode, watcher });
  }
}
