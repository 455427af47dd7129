// A registry whose objects stand in files: reads directories of YAML, follows every change, keeps the last good form.
import { readdirSync, statSync } from "node:fs";
import { PillionError } from "../../base/error.ts";
import type { World } from "../../model/world.ts";
import { readFile } from "./read-file.ts";
import type { FileContent } from "./read-objects.ts";
import { emptyStanding, type Review, reconcile, type Standing } from "./reconcile.ts";
import type { FileReport } from "./report.ts";
import { type Scan, scan } from "./scan.ts";
import { FolderWatch } from "./watch-folders.ts";

/** The part of pino that is used here. */
export interface Log {
  info(fields: object, message: string): void;
}

/** What a directory registry needs. */
export interface DirectoryOptions {
  readonly directories: readonly string[];
  /** Where namespaced objects are that name no namespace. */
  readonly defaultNamespace: string;
  /** Errors refuse an object; called again for what was refused or warned about whenever something changes. */
  readonly review: Review;
  readonly log: Log;
  /** Called after the first reading, and after every change of the world. */
  readonly onChange: (world: World) => void;
  /** Called for each file whose problems have changed; an empty list says that the file is well again. */
  readonly onReport: (report: FileReport) => void;
}

/** Objects from files. */
export interface DirectoryRegistry {
  /** All objects in their last good form. */
  world(): World;
  /** Files with problems. */
  reports(): readonly FileReport[];
}

/**
 * Read all directories, then follow their changes until `signal` is aborted.
 * A change is live some 5 ms after the file was closed. What looks half-written (no YAML, not readable, objects missing)
 * is looked at again after 50 ms before it counts.
 * @throws {PillionError} CONFIG_DIRECTORY when a directory does not exist or cannot be read.
 */
export async function openDirectory(options: DirectoryOptions, signal: AbortSignal): Promise<DirectoryRegistry> {
  for (const directory of options.directories) assertDirectory(directory);
  const directory = new Directory(options);
  directory.open();
  if (signal.aborted) directory.close();
  signal.addEventListener("abort", () => directory.close(), { once: true });
  return directory;
}

/** Time without an event after which a file counts as written; editors and copies write in several steps. */
const quietMs = 3;
/** Events that never end must not hold up changes for longer. */
const longestWaitMs = 50;
/** Time after which a file that looks half-written is taken as it is. */
const confirmMs = 50;
/** Time between looks at what cannot be watched: a directory that is gone, more folders than the system watches. */
const retryMs = 500;

interface KnownFile {
  readonly stamp: string;
  readonly content: FileContent;
}

class Directory implements DirectoryRegistry {
  readonly #options: DirectoryOptions;
  readonly #watch = new FolderWatch((path) => this.#onEvent(path));
  #files = new Map<string, KnownFile>();
  /** Files that look half-written: how they look, and since when. */
  readonly #suspects = new Map<string, { readonly stamp: string; readonly sinceMs: number }>();
  /** Two writings within one tick of the clock leave the same time on a file, so an event counts more than the time. */
  readonly #touched = new Set<string>();
  #standing: Standing = emptyStanding;
  #failures: readonly FileReport[] = [];
  readonly #skipped = new Set<string>();
  #events: { firstMs: number; lastMs: number } | undefined;
  #quietTimer: NodeJS.Timeout | undefined;
  #againTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  world(): World {
    return this.#standing.world;
  }

  reports(): readonly FileReport[] {
    return [...this.#standing.reports, ...this.#failures];
  }

  open(): void {
    this.#settle(true);
    this.#options.log.info({ files: this.#files.size, problems: this.reports().length }, "read the configuration");
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.close();
    clearTimeout(this.#quietTimer);
    clearTimeout(this.#againTimer);
  }

  #onEvent(path: string): void {
    if (this.#isClosed) return;
    this.#touched.add(path);
    const nowMs = performance.now();
    this.#events = { firstMs: this.#events?.firstMs ?? nowMs, lastMs: nowMs };
    this.#quietTimer ??= setTimeout(() => this.#onQuiet(), quietMs);
  }

  #onQuiet(): void {
    this.#quietTimer = undefined;
    if (this.#events === undefined) return;
    const nowMs = performance.now();
    const restMs = this.#events.lastMs + quietMs - nowMs;
    if (restMs > 0.5 && nowMs - this.#events.firstMs < longestWaitMs) {
      this.#quietTimer = setTimeout(() => this.#onQuiet(), restMs);
      return;
    }
    this.#events = undefined;
    this.#settle(false);
  }

  /** Look at everything again. At the first reading nothing is doubted, because nothing good would be lost. */
  #settle(isFirst: boolean): void {
    const { found, isWatched } = this.#scan();
    const hasChanged = this.#takeUp(found, isFirst);
    const before = this.reports();
    this.#failures = failureReports(found);
    if (hasChanged || isFirst) this.#reconcile(isFirst);
    this.#tell(before);
    clearTimeout(this.#againTimer);
    const againMs = this.#suspects.size > 0 ? confirmMs : found.failures.size > 0 || !isWatched ? retryMs : undefined;
    if (againMs !== undefined) this.#againTimer = setTimeout(() => this.#settle(false), againMs);
  }

  /** A folder that is new may have got files before it was watched, so it is looked at once more. */
  #scan(): { readonly found: Scan; readonly isWatched: boolean } {
    let found = scan(this.#options.directories);
    let watched = this.#watch.set(found.folders);
    while (watched.added > 0 && watched.failure === undefined) {
      found = scan(this.#options.directories);
      watched = this.#watch.set(found.folders);
    }
    return { found, isWatched: watched.failure === undefined };
  }

  /** @returns whether a file was taken up in a new form. */
  #takeUp(found: Scan, isFirst: boolean): boolean {
    const next = new Map<string, KnownFile>();
    let hasChanged = false;
    const paths = new Set([...found.files.keys(), ...this.#files.keys()]);
    for (const path of [...paths].sort()) {
      const known = this.#files.get(path);
      const latest = this.#look(path, found, isFirst);
      if (latest !== undefined) next.set(path, latest);
      if (latest !== known) hasChanged = true;
    }
    this.#files = next;
    this.#touched.clear();
    return hasChanged;
  }

  /** The file as it counts from now on: as known, in a new form, or not at all. */
  #look(path: string, found: Scan, isFirst: boolean): KnownFile | undefined {
    const known = this.#files.get(path);
    const stamp = found.files.get(path);
    const isSame = stamp === known?.stamp && !this.#touched.has(path);
    if (isSame || (stamp === undefined && isBelowFailure(path, found))) {
      this.#suspects.delete(path);
      return known;
    }
    const content = stamp === undefined ? undefined : readFile(path, this.#options.defaultNamespace);
    if (!isFirst && looksUnfinished(known?.content, content) && !this.#isConfirmed(path, stamp ?? "gone")) return known;
    this.#suspects.delete(path);
    if (content === undefined || stamp === undefined) return undefined;
    this.#logSkipped(path, content);
    return { stamp, content };
  }

  #isConfirmed(path: string, stamp: string): boolean {
    const nowMs = performance.now();
    const suspect = this.#suspects.get(path);
    if (suspect?.stamp !== stamp) this.#suspects.set(path, { stamp, sinceMs: nowMs });
    // Timers are punctual to a millisecond only.
    return suspect?.stamp === stamp && nowMs - suspect.sinceMs >= confirmMs - 1;
  }

  #reconcile(isFirst: boolean): void {
    const worldBefore = this.#standing.world;
    const contents = new Map([...this.#files].map(([path, { content }]) => [path, content]));
    this.#standing = reconcile(this.#standing, contents, this.#options.review, new Set(this.#suspects.keys()));
    if (this.#standing.world !== worldBefore || isFirst) this.#options.onChange(this.#standing.world);
  }

  #tell(before: readonly FileReport[]): void {
    const earlier = new Map(before.map((report) => [report.file, report]));
    for (const report of this.reports()) {
      if (!isSameReport(earlier.get(report.file), report)) this.#options.onReport(report);
      earlier.delete(report.file);
    }
    for (const file of earlier.keys()) this.#options.onReport({ file, problems: [] });
  }

  #logSkipped(file: string, { skipped }: FileContent): void {
    for (const kind of skipped) {
      if (this.#skipped.has(`${file} ${kind}`)) continue;
      this.#skipped.add(`${file} ${kind}`);
      this.#options.log.info({ file, kind }, "skipped a kind that the mesh does not read");
    }
  }
}

/** Whether this may be the state between two steps of writing: not readable, or without objects that were there. */
function looksUnfinished(known: FileContent | undefined, content: FileContent | undefined): boolean {
  if (content?.isBroken === true) return true;
  const present = new Set(content?.candidates.map(({ id }) => id));
  return known?.candidates.some(({ id }) => !present.has(id)) ?? false;
}

/** Files below a folder that cannot be read keep what they had. */
function isBelowFailure(path: string, { failures }: Scan): boolean {
  return [...failures.keys()].some((failed) => path === failed || path.startsWith(`${failed}/`));
}

function failureReports({ failures }: Scan): readonly FileReport[] {
  return [...failures].map(([file, reason]) => ({
    file,
    problems: [{ line: 1, text: `cannot be read: ${reason}. What was read from there before stays in force` }],
  }));
}

function isSameReport(a: FileReport | undefined, b: FileReport): boolean {
  const sameAt = (index: number) =>
    a?.problems[index]?.text === b.problems[index]?.text && a?.problems[index]?.line === b.problems[index]?.line;
  return a?.problems.length === b.problems.length && b.problems.every((_, index) => sameAt(index));
}

function assertDirectory(directory: string): void {
  const stats = readable(directory);
  if (stats?.isDirectory() === true) return;
  const problem = stats === undefined ? "does not exist" : "is not a directory";
  throw new PillionError("CONFIG_DIRECTORY", {
    problem: `the configuration directory "${directory}" ${problem}`,
    reason: "there is nothing to read the mesh from",
    fix: `create it with mkdir -p ${directory}, or name another one with --config-dir`,
  });
}

function readable(directory: string) {
  try {
    const stats = statSync(directory, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) readdirSync(directory);
    return stats;
  } catch (cause) {
    throw new PillionError("CONFIG_DIRECTORY", {
      problem: `the configuration directory "${directory}" cannot be read`,
      reason: "there is nothing to read the mesh from",
      fix: `give this user the right to list it, for example with chmod a+rx ${directory}`,
      cause,
    });
  }
}
