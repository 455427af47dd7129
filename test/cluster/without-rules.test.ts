// An injected namespace without rules keeps working: the same questions with and without sidecars.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectl, start } from "./commands.ts";
import { startTutorial, type Tutorial, table } from "./tutorial.ts";

/** Longest that the first words of a server may take: the wait for the client's (2 s), with room for a busy machine. */
const firstBytesMs = 4_000;

/** Speak TCP from bash: what comes back within five seconds. */
const talk = (host: string, port: number, text = ""): string =>
  `exec 3<>/dev/tcp/${host}/${port}; ${text === "" ? "" : `echo '${text}' >&3;`} timeout 5 head -n 1 <&3`;

const askApi = `
const { readFileSync } = require("node:fs");
const folder = "/var/run/secrets/kubernetes.io/serviceaccount/";
const options = { agent: false, ca: readFileSync(folder + "ca.crt"), headers: { authorization: "Bearer " + readFileSync(folder + "token") } };
require("node:https").get("https://kubernetes.default.svc/api", options, (answer) => answer.resume() && console.log(answer.statusCode));
`;

const kinds = [
  { name: "with-sidecars", injection: "enabled", ready: "5/5" },
  { name: "without-sidecars", injection: "disabled", ready: "4/4" },
];

interface Place extends Tutorial {
  /** What a connection brings that said nothing for 75 s; it began when the pods were ready. */
  readonly idle: Promise<string>;
}

const places = new Map<string, Place>();
const inServer = async (place: Tutorial, script: string): Promise<string> =>
  (await place.exec("server", "upload", "bash", "-c", script)).stdout.trim();

beforeAll(() => {
  const begun = kinds.map(({ name, injection }) => {
    const place = startTutorial(name);
    kubectl("label", "namespace", name, `istio-injection=${injection}`, "--overwrite");
    place.applyFile("without-rules.yaml");
    return place;
  });
  for (const place of begun) {
    place.kubectl("rollout", "status", "statefulset/member", "--timeout=120s");
    place.ready();
    const idle = "exec 3<>/dev/tcp/server/9000; sleep 75; echo later >&3; timeout 5 head -n 1 <&3";
    places.set(place.namespace, { ...place, idle: inServer(place, idle) });
  }
});
afterAll(() => {
  for (const place of places.values()) place.end();
});

describe.each(kinds)("a namespace $name", ({ name }) => {
  let place: Tutorial;
  const bash = (script: string): Promise<string> => inServer(place, script);

  beforeAll(() => {
    place = placeOf(name);
  });

  test.each(["server", "unnamed"])("a server that speaks first is heard through the Service %s", async (service) => {
    const began = performance.now();
    expect(await bash(talk(service, 9025))).toMatch(/ready/);
    expect(performance.now() - began).toBeLessThan(firstBytesMs);
  });

  test("a caller without a sidecar hears a server that speaks first", async () => {
    const began = performance.now();
    const { stdout } = await start([
      ...["kubectl", "exec", "-n", "plain", "deploy/curl", "--", "bash", "-c"],
      talk(`server.${name}`, 9025),
    ]);
    const ms = performance.now() - began;
    process.stdout.write(`    ${name}: a plain caller heard the server's first words after ${ms.toFixed(0)} ms\n`);
    expect(stdout).toMatch(/ready/);
    expect(ms).toBeLessThan(firstBytesMs);
  });

  test("pods of a StatefulSet find each other by name", async () => {
    const command = ["exec", "member-0", "-c", "member", "--", "bash", "-c"];
    expect(place.kubectl(...command, talk("member-1.member", 9000, "hello")).trim()).toContain("hello");
    const status = "curl -s -o /dev/null -w '%{http_code}' http://member-1.member:8080/";
    expect(place.kubectl(...command, status)).toBe("200");
  });

  test("a pod calls the API server", async () => {
    expect((await place.exec("server", "upload", "node", "-e", askApi)).stdout.trim()).toBe("200");
  });

  test("a Service of type ExternalName leads to where it points", async () => {
    expect(await bash("curl -s -o /dev/null -w '%{http_code}' http://elsewhere/status/200")).toBe("200");
  });

  test("a pod calls another by its address", async () => {
    const address = place.kubectl("get", "pod", "member-0", "-o", "jsonpath={.status.podIP}");
    expect(await bash(`curl -s -o /dev/null -w '%{http_code}' http://${address}:8080/`)).toBe("200");
    expect(await bash(talk(address, 9000, "hello"))).toContain("hello");
  });

  test("a pod calls its own Service", async () => {
    expect(await bash("curl -s -o /dev/null -w '%{http_code}' http://server:8080/")).toBe("200");
  });

  test("an upload of 100 MB arrives whole", async () => {
    const upload = "head -c 104857600 /dev/zero | curl -s -H 'Expect:' -T - http://server:8081/";
    expect(place.kubectl("exec", "member-0", "-c", "member", "--", "bash", "-c", upload)).toBe("104857600");
  });
});

// After everything else: the connections idle meanwhile.
describe.each(kinds)("a namespace $name", ({ name, ready }) => {
  test("a connection that idled for 75 s still carries bytes", async () => {
    expect(await placeOf(name).idle).toContain("later");
  });

  test("probes of each type leave the pod alone", () => {
    expectUnharmed(placeOf(name), ready);
  });
});

test("under STRICT probes of each type find the pod ready, and leave it alone", () => {
  const place = placeOf("with-sidecars");
  place.apply(
    "{ apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: { name: default }, spec: { mtls: { mode: STRICT } } }",
  );
  place.kubectl("rollout", "restart", "deploy/server");
  place.ready();
  expectUnharmed(place, "5/5");
});

function placeOf(name: string): Place {
  const place = places.get(name);
  if (place === undefined) throw new Error(`${name} was not set up`);
  return place;
}

/** The pod of four kinds of probes is ready, and nothing in it was started again. */
function expectUnharmed(place: Tutorial, ready: string): void {
  const [, ...rows] = table(place.kubectl("get", "pods", "-l", "app=server"));
  const living = rows.filter((row) => row[2] === "Running");
  expect(living.map((row) => [row[1], row[3]])).toEqual([[ready, "0"]]);
}
