// What the webhook's verdict on a VirtualService costs, from the text of the review to the text of its answer.
//   npm run bench:validate
//   npm run bench:validate -- --world small --rounds 200
// Each object that is let in changes the world before the next review, twice: as recently admitted, and as stored.
import { parseArgs } from "node:util";
import { parse } from "../../api/parse.ts";
import { createReviewer } from "../../control-plane/reviewer.ts";
import type { World } from "../../model/world.ts";
import { answerReview } from "../../webhook/answer.ts";
import { recentlyAdmitted } from "../../webhook/recently-admitted.ts";
import { validateObject } from "../../webhook/validate.ts";
import {
  bornEarlier,
  type Document,
  gatewayRule,
  meshRule,
  meshRules,
  stored,
  type WorldSize,
  worldOf,
} from "./validate-world.ts";

const sizes: Readonly<Record<string, WorldSize>> = {
  small: { namespaces: 5, services: 100, virtualServices: 180 },
  large: { namespaces: 100, services: 5_000, virtualServices: 10_000 },
};

/** A sort of review, by number; a world of that size has enough of them. */
interface Sort {
  readonly name: string;
  readonly operation: "CREATE" | "UPDATE";
  readonly isAllowed: boolean;
  readonly document: (index: number, size: WorldSize) => Document;
}

const sorts: readonly Sort[] = [
  {
    name: "a new host of the mesh",
    operation: "CREATE",
    isAllowed: true,
    document: (index, size) => meshRule(meshRules(size) + (index % (size.services - meshRules(size))), size),
  },
  {
    name: "another rule for a gateway's host",
    operation: "CREATE",
    isAllowed: true,
    document: (index, size) => gatewayRule(size.virtualServices - meshRules(size) + index, size),
  },
  {
    name: "a changed rule",
    operation: "UPDATE",
    isAllowed: true,
    document: (index, size) => meshRule(index % meshRules(size), size, { timeoutSeconds: 6 + (index % 50) }),
  },
  {
    name: "a host that is taken",
    operation: "CREATE",
    isAllowed: false,
    document: (index, size) => meshRule(index % meshRules(size), size, { name: `again-${index}` }),
  },
];

const { values } = parseArgs({
  options: { world: { type: "string" }, rounds: { type: "string", default: "500" } },
});
const rounds = Number(values.rounds);
/** Reviews before those that count: the program's code is compiled as it runs. */
const warmUp = 4_000;
const write = (line: string): void => void process.stdout.write(`${line}\n`);

for (const [name, size] of Object.entries(sizes)) if ((values.world ?? name) === name) bench(name, size);

function bench(name: string, size: WorldSize): void {
  const before = memoryMb();
  let world = worldOf(size);
  const objects = memoryMb();
  const court = courtOf(() => world);
  const first = spent(() => court(review(sorts[0], 0, size, true)));
  write(`${name} world: ${size.virtualServices} VirtualServices, ${size.services} DestinationRules and services`);
  write(`  memory: ${(objects - before).toFixed(0)} MB, with what it means ${(memoryMb() - before).toFixed(0)} MB`);
  write(`  the first review: ${first.toFixed(0)} CPU-ms`);
  for (const dryRun of [true, false]) {
    for (let warm = 0; warm < warmUp; warm++) court(review(sorts[warm % sorts.length], warm, size, true));
    for (const sort of sorts) {
      const figures = Array.from({ length: rounds }, (_, index) => {
        const text = review(sort, index, size, dryRun);
        const begin = performance.now();
        let isAllowed: boolean | undefined;
        const cpuMs = spent(() => {
          isAllowed = court(text);
        });
        const ms = performance.now() - begin;
        if (isAllowed !== sort.isAllowed) throw new Error(`${sort.name}: ${isAllowed ? "let in" : "refused"}`);
        // As the API server tells it a moment later.
        if (!dryRun && isAllowed) world = stored(world, [asStored(sort, sort.document(index, size))]);
        return { cpuMs, ms };
      });
      const mean = figures.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / rounds;
      const [cpu, wall] = [figures.map(({ cpuMs }) => cpuMs), figures.map(({ ms }) => ms)];
      write(
        `  ${dryRun ? "a dry run" : "to be stored"}, ${sort.name}: ${mean.toFixed(2)} CPU-ms (${spread(cpu)}), ${spread(wall)} ms`,
      );
    }
  }
}

/** p50 and p99. */
function spread(figures: readonly number[]): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((part) => sorted[Math.floor(part * sorted.length)]?.toFixed(2));
  return `p50 ${p50}, p99 ${p99}`;
}

/** The webhook without its server: whether the object of a review is let in. */
function courtOf(world: () => World): (text: string) => boolean {
  const deps = { parse, review: createReviewer(), world, recent: recentlyAdmitted(() => performance.now()) };
  const failed = (thrown: unknown): never => {
    throw thrown;
  };
  return (text) => answerReview(text, (request) => validateObject(request, deps), failed).response?.allowed === true;
}

function review(sort: Sort | undefined, index: number, size: WorldSize, dryRun: boolean): string {
  if (sort === undefined) throw new Error("there is no such sort of review");
  const object = sort.document(index, size);
  const { kind, metadata } = object;
  const isUpdate = sort.operation === "UPDATE";
  const request = {
    uid: String(index),
    operation: sort.operation,
    kind: { group: "networking.istio.io", version: "v1", kind },
    namespace: metadata.namespace,
    name: metadata.name,
    object: isUpdate ? bornEarlier(object) : object,
    ...(isUpdate ? { oldObject: { ...bornEarlier(object), spec: {} } } : {}),
    dryRun,
    options: { fieldManager: "kubectl-client-side-apply" },
  };
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });
}

/** What is new is younger than all that is there. */
function asStored({ operation }: Sort, document: Document): Document {
  if (operation === "UPDATE") return bornEarlier(document);
  return { ...document, metadata: { ...document.metadata, creationTimestamp: "2026-02-01T00:00:00Z" } };
}

/** CPU time of what is done, milliseconds: all threads, the garbage collector's too. */
function spent(what: () => void): number {
  const begun = process.cpuUsage();
  what();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

function memoryMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}
