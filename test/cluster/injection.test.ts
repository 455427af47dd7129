// What a real kubelet makes of probes and hooks that go through the proxy: it notices who fails, and leaves who is well alone.
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCa, issue } from "../../certs/ca.ts";
import {
  cellName,
  cellProtocols,
  hookedPod,
  probedDeployment,
  type Sort,
  type State,
  sortNames,
  states,
} from "./probed-pods.ts";
import { startTutorial, type Tutorial } from "./tutorial.ts";

const modes = ["PERMISSIVE", "STRICT"] as const;
type Mode = (typeof modes)[number];
const patienceMs = 180_000;

let place: Tutorial;
const nameOf = (mode: Mode, state: State): string => `${mode.toLowerCase()}-${state}`;

function certificate(): { readonly cert: string; readonly key: string } {
  const [now, newKeyPair] = [Date.now(), () => generateKeyPairSync("ec", { namedCurve: "P-256" })];
  const issued = issue(createCa({ now, newKeyPair, trustDomain: "x" }), { now, newKeyPair, dnsNames: ["app"] });
  return { cert: issued.certificateChainPem, key: issued.privateKey.reveal() };
}

beforeAll(() => {
  place = startTutorial("injection");
  const made = certificate();
  const objects = modes.flatMap((mode) => [
    {
      apiVersion: "security.istio.io/v1",
      kind: "PeerAuthentication",
      metadata: { name: mode.toLowerCase() },
      spec: { selector: { matchLabels: { mode } }, mtls: { mode } },
    },
    ...states.map((state) => probedDeployment(nameOf(mode, state), mode, state, made)),
  ]);
  const hooked = [
    hookedPod("bad-start", { postStart: { httpGet: { path: "/hello", port: 9 } } }), // nobody listens on port 9
    hookedPod("good-stop", { preStop: { httpGet: { path: "/bye", port: 8080 } } }),
  ];
  place.apply(JSON.stringify({ apiVersion: "v1", kind: "List", items: [...objects, ...hooked] }));
});
afterAll(() => place.end());

interface Status {
  readonly name: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
}

/** What the kubelet says about the containers of a pod, by name. */
function statuses(selector: readonly string[]): ReadonlyMap<string, Status> {
  const text = place.kubectl("get", "pods", ...selector, "-o", "jsonpath={.items[0].status.containerStatuses}");
  const list = JSON.parse(text === "" ? "[]" : text) as readonly Status[]; // the API server's own form
  return new Map(list.map((status) => [status.name, status]));
}

/** One word for what became of a cell: a failing readiness probe takes it out, the other two have it started again. */
function fateOf(sort: Sort, status: Status | undefined): string {
  if (status === undefined) return "unknown";
  if (status.restartCount > 0) return sort === "readiness" ? "started again" : "failed";
  return status.ready ? "well" : sort === "readiness" ? "failed" : "waiting";
}

/** What became of each cell. */
const cells = (mode: Mode, state: State): Readonly<Record<string, string>> => {
  const known = statuses(["-l", `app=${nameOf(mode, state)}`]);
  return Object.fromEntries(
    cellProtocols.flatMap((protocol) =>
      sortNames.map((sort) => [cellName(protocol, sort), fateOf(sort, known.get(cellName(protocol, sort)))]),
    ),
  );
};

/** The same fate for each. */
const all = (fate: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    cellProtocols.flatMap((protocol) => sortNames.map((sort) => [cellName(protocol, sort), fate] as const)),
  );

describe.each(modes)("under mutual TLS %s", (mode) => {
  test("probes of every sort and protocol notice an application that fails", async () => {
    await expect.poll(() => cells(mode, "failing"), { timeout: patienceMs, interval: 2_000 }).toEqual(all("failed"));
  });

  // After the other: as many failures as it took there would have been counted by now.
  test("probes of every sort and protocol leave an application alone that is well", async () => {
    place.kubectl("rollout", "status", `deployment/${nameOf(mode, "well")}`, "--timeout=180s");
    await expect.poll(() => cells(mode, "well"), { timeout: patienceMs, interval: 2_000 }).toEqual(all("well"));
  });
});

test("a postStart hook that nobody answers has the container started again", async () => {
  const events = (): string => {
    const selector = "involvedObject.name=bad-start,reason=FailedPostStartHook";
    return place.kubectl("get", "events", "--field-selector", selector, "-o", "jsonpath={.items[*].message}");
  };
  await expect.poll(events, { timeout: patienceMs, interval: 2_000 }).toMatch(/\S/);
  const restarts = (): number => {
    const count = "jsonpath={.status.containerStatuses[0].restartCount}";
    return Number(place.kubectl("get", "pod", "bad-start", "-o", count));
  };
  await expect.poll(restarts, { timeout: patienceMs, interval: 2_000 }).toBeGreaterThan(0);
});

test("a preStop hook reaches the application before it is told to stop", async () => {
  place.kubectl("wait", "pod/good-stop", "--for=condition=Ready", "--timeout=180s");
  const printed = place.type("kubectl logs -f good-stop -c app");
  // A program that handles no signal lives for the whole grace period, so there is time to follow its log.
  place.kubectl("delete", "pod", "good-stop", "--wait=false");
  expect(await printed).toContain("/bye");
});
