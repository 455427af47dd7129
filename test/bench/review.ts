// What the webhook's verdict on one VirtualService costs, by how many are stored. `npm run bench:review`
import { parse } from "../../api/parse.ts";
import { createReviewer } from "../../control-plane/reviewer.ts";
import { validateObject } from "../../webhook/validate.ts";
import { hostOf, meshOf, namespaceOf, ruleFor, withObjects } from "./mesh.ts";

const serviceCount = 10_500;
const reviews = 200;

const mesh = meshOf({ services: serviceCount, podsPerService: 0 });
for (const stored of [0, 500, 2_000, 10_000]) {
  const world = withObjects(
    mesh,
    Array.from({ length: stored }, (_, index) => ruleFor(index, 1)),
  );
  const deps = {
    parse,
    review: createReviewer(),
    world: () => world,
    recent: { remember: () => undefined, forget: () => undefined, over: () => world },
  };
  for (const operation of ["CREATE", "UPDATE"] as const) {
    if (operation === "UPDATE" && stored === 0) continue;
    const first = operation === "CREATE" ? stored : 0;
    const judge = (index: number) => validateObject(requestFor(operation, first + (index % 400)), deps);
    // The first one also finds out what the world means.
    const cold = process.cpuUsage();
    judge(0);
    if (operation === "CREATE") console.log(`${stored} VirtualServices, the first: ${cpuMs(cold).toFixed(0)} CPU-ms`);
    for (let index = 0; index < reviews; index++) judge(index);
    const begun = process.cpuUsage();
    for (let index = 0; index < reviews; index++) if (!judge(index).allowed) throw new Error("it is refused");
    const each = cpuMs(begun) / reviews;
    console.log(`${stored} VirtualServices, ${operation}: ${each.toFixed(2)} CPU-ms a review`);
  }
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

function requestFor(operation: "CREATE" | "UPDATE", service: number) {
  const namespace = namespaceOf(service);
  const name = `service-${service}`;
  const object = {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace },
    spec: { hosts: [name], http: [{ route: [{ destination: { host: hostOf(service) } }], timeout: "7s" }] },
  };
  return { uid: "1", operation, kind: "VirtualService", namespace, name, object, oldObject: undefined, dryRun: false };
}
