// An injected namespace without rules keeps working: the same questions with and without sidecars.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectl, type Output, run, start } from "./commands.ts";
import { startTutorial, type Tutorial } from "./tutorial.ts";

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

describe.each([
  { name: "with-sidecars", injection: "enabled", ready: "5/5" },
  { name: "without-sidecars", injection: "disabled", ready: "4/4" },
])("a namespace $name", ({ name, injection, ready }) => {
  let place: Tutorial;
  const inServer = (...command: readonly string[]): Promise<Output> => place.exec("server", "upload", ...command);
  const bash = async (script: string): Promise<string> => (await inServer("bash", "-c", script)).stdout.trim();

  beforeAll(() => {
    place = startTutorial(name);
    kubectl("label", "namespace", name, `istio-injection=${injection}`, "--overwrite");
    place.applyFile("without-rules.yaml");
    place.kubectl("rollout", "status", "statefulset/member", "--timeout=120s");
    place.ready();
  });
  afterAll(() => place.end());

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
    expect((await inServer("node", "-e", askApi)).stdout.trim()).toBe("200");
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

  test("a connection that idles for 75 s still carries bytes", async () => {
    const idle = "exec 3<>/dev/tcp/server/9000; sleep 75; echo later >&3; timeout 5 head -n 1 <&3";
    expect(await bash(idle)).toContain("later");
  });

  test("liveness probes of each type leave the pod alone", async () => {
    const restarts = place.kubectl(
      "get",
      "pods",
      "-l",
      "app=server",
      "-o",
      "jsonpath={.items[0].status.containerStatuses[*].restartCount}",
    );
    expect(restarts).toBe("0 0 0 0");
    expect(run(["kubectl", "get", "pods", "-n", name, "-l", "app=server"])).toContain(ready);
  });
});
