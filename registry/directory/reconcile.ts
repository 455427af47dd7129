// From what the files hold to the world: who owns an object, what is refused, what stays in its last good form. Pure.
import { isDeepStrictEqual } from "node:util";
import type { AnyObject } from "../../api/kinds.ts";
import { descriptions } from "../../api/kinds.ts";
import { type Finding, hasErrors } from "../../base/finding.ts";
import { applyChanges, type Change, emptyWorld, lookUp, objectKey, type World } from "../../model/world.ts";
import { assignClusterIps, withClusterIp } from "./cluster-ips.ts";
import type { Candidate, FileContent } from "./read-objects.ts";
import { type FileProblem, type FileReport, findingProblem } from "./report.ts";

/** Says what is wrong with an object among the others. */
export type Review = (candidate: AnyObject, world: World) => readonly Finding[];

/** An object in the world, and the file that it came from. */
interface Accepted {
  readonly file: string;
  readonly object: AnyObject;
  /** The same object as the file gave it last: files that were not read again give it again, so one comparison is enough. */
  readonly source: AnyObject;
  readonly findings: readonly Finding[];
}

/** The result of reconciling; the next one begins with it. */
export interface Standing {
  readonly world: World;
  readonly accepted: ReadonlyMap<string, Accepted>;
  readonly reports: readonly FileReport[];
}

export const emptyStanding: Standing = { world: emptyWorld(), accepted: new Map(), reports: [] };

/** An object that a file owns. */
interface Claim {
  readonly file: string;
  readonly candidate: Candidate;
}

/**
 * The world after the files have changed. An object that is refused keeps its last good form; a refused one is looked at
 * again each time, so that it comes in when what it stood against has gone.
 * @param files - content by path, in path order: the first file that names an object owns it.
 * @param unsettled - files that are being replaced or removed just now; what they own may be on its way to another file.
 */
export function reconcile(
  before: Standing,
  files: ReadonlyMap<string, FileContent>,
  review: Review,
  unsettled: ReadonlySet<string> = new Set(),
): Standing {
  const { claims, duplicates } = claim(before, files, unsettled);
  const run = new Run(before, review);
  run.removeAllBut(files, claims);
  const isMesh = ({ candidate }: Claim) => descriptions[candidate.object.kind].meshKind;
  // What the mesh's rules refer to comes first, so that nothing is said to be missing which the next file brings.
  run.admitTogether(claims.filter((wanted) => !isMesh(wanted)));
  run.giveClusterIps();
  run.admitInTurn(claims.filter(isMesh));
  const problems = [...duplicates, ...run.problems()];
  return { world: run.world, accepted: run.accepted, reports: toReports(files, problems) };
}

interface PlacedProblem {
  readonly file: string;
  readonly problem: FileProblem;
}

/** Who owns which object: whoever has it, else the first file in order. */
function claim(before: Standing, files: ReadonlyMap<string, FileContent>, unsettled: ReadonlySet<string>) {
  const owners = new Map<string, { readonly file: string; readonly line: number }>();
  const isWish = wishes(files);
  for (const [id, { file }] of before.accepted) {
    const content = files.get(file);
    const own = content?.candidates.find((candidate) => candidate.id === id);
    if (own !== undefined && isWish(own)) continue;
    if (own !== undefined || content?.isBroken === true) owners.set(id, { file, line: own?.line ?? 1 });
  }
  const claims: Claim[] = [];
  const duplicates: PlacedProblem[] = [];
  for (const [file, { candidates }] of files) {
    const seen = new Set<string>();
    for (const candidate of candidates) {
      if (isWish(candidate)) continue;
      const owner = owners.get(candidate.id) ?? { file, line: candidate.line };
      owners.set(candidate.id, owner);
      if (owner.file === file && !seen.has(candidate.id)) claims.push({ file, candidate });
      else if (!unsettled.has(owner.file)) duplicates.push({ file, problem: duplicate(candidate, owner) });
      seen.add(candidate.id);
    }
  }
  return { claims, duplicates };
}

/**
 * A Pod without an address is what somebody wishes for. Where the same one stands with its address, whoever runs it has
 * written that down, and the wish is not a second one.
 */
function wishes(files: ReadonlyMap<string, FileContent>): (candidate: Candidate) => boolean {
  const runs = ({ object }: Candidate): boolean => object.kind === "Pod" && object.status.podIP !== undefined;
  const running = new Set([...files.values()].flatMap(({ candidates }) => candidates.filter(runs).map(({ id }) => id)));
  return (candidate) => running.has(candidate.id) && !runs(candidate);
}

function duplicate({ id, line }: Candidate, owner: { readonly file: string; readonly line: number }): FileProblem {
  const text = `${id} is already in ${owner.file}, line ${owner.line}. Only that one counts. Keep it in one place`;
  return { line, text };
}

/** One reconciliation under way. */
class Run {
  world: World;
  readonly accepted: Map<string, Accepted>;
  readonly #before: World;
  readonly #review: Review;
  readonly #judged = new Map<Claim, readonly Finding[]>();

  constructor(before: Standing, review: Review) {
    this.#before = before.world;
    this.world = before.world;
    this.accepted = new Map(before.accepted);
    this.#review = review;
  }

  removeAllBut(files: ReadonlyMap<string, FileContent>, claims: readonly Claim[]): void {
    const claimed = new Set(claims.map(({ candidate }) => candidate.id));
    const changes: Change[] = [];
    for (const [id, { file, object }] of this.accepted) {
      if (claimed.has(id) || files.get(file)?.isBroken === true) continue;
      this.accepted.delete(id);
      const { kind, metadata } = object;
      changes.push({ type: "delete", ref: { kind, namespace: metadata.namespace, name: metadata.name } });
    }
    this.#apply(changes);
  }

  /** For kinds about which no rule looks at others of their kind: one change of the world for all of them. */
  admitTogether(claims: readonly Claim[]): void {
    this.#apply(claims.flatMap((wanted) => this.#admit(wanted)));
  }

  /** Let in one after the other, again and again until no more come in: the first may be refused because of what the last changes. */
  admitInTurn(claims: readonly Claim[]): void {
    let waiting = claims;
    let progress = true;
    while (progress) {
      const worldBefore = this.world;
      for (const wanted of waiting) this.#apply(this.#admit(wanted));
      waiting = waiting.filter((wanted) => (this.#judged.get(wanted) ?? []).length > 0);
      progress = this.world !== worldBefore && waiting.length > 0;
    }
  }

  #admit(wanted: Claim): readonly Change[] {
    const { id, object } = wanted.candidate;
    const { file } = wanted;
    const present = this.accepted.get(id);
    const isSame = present !== undefined && (present.source === object || isDeepStrictEqual(present.object, object));
    const kept = isSame ? present.object : object;
    if (isSame && present.findings.length === 0) {
      if (present.source !== object || present.file !== file)
        this.accepted.set(id, { ...present, file, source: object });
      return [];
    }
    const findings = this.#review(object, this.world);
    this.#judged.set(wanted, findings);
    if (hasErrors(findings) && !isSame) return [];
    this.accepted.set(id, { file, object: kept, source: object, findings });
    return isSame ? [] : [{ type: "put", object }];
  }

  /** Services in the world have the addresses that an API server would have given them. */
  giveClusterIps(): void {
    if (this.world.objects.Service === this.#before.objects.Service) return;
    const services = [...this.accepted.values()].flatMap(({ object }) => (object.kind === "Service" ? [object] : []));
    const addresses = assignClusterIps(services);
    const changes: Change[] = [];
    for (const service of services) {
      const { namespace, name } = service.metadata;
      const address = addresses.get(objectKey(namespace, name));
      const present = lookUp(this.world, "Service", namespace, name);
      if (address === undefined || present?.spec.clusterIP === address) continue;
      changes.push({ type: "put", object: withClusterIp(service, address) });
    }
    this.#apply(changes);
  }

  problems(): readonly PlacedProblem[] {
    return [...this.#judged].flatMap(([{ file, candidate }, findings]) =>
      findings.map((finding) => ({ file, problem: findingProblem(finding, candidate.lineOf(finding.path)) })),
    );
  }

  #apply(changes: readonly Change[]): void {
    if (changes.length > 0) this.world = applyChanges(this.world, changes);
  }
}

function toReports(files: ReadonlyMap<string, FileContent>, placed: readonly PlacedProblem[]): readonly FileReport[] {
  const reports: FileReport[] = [];
  for (const [file, content] of files) {
    const own = placed.filter((entry) => entry.file === file).map(({ problem }) => problem);
    const problems = [...content.problems, ...own].sort((a, b) => a.line - b.line);
    if (problems.length > 0) reports.push({ file, problems });
  }
  return reports;
}
