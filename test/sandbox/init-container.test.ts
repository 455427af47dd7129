// The injected init container really run, in a network namespace that ends with it: its rules are taken, twice give what once
// gives, and a connection goes where they say. Needs root and iptables.
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { inject } from "../../injector/inject.ts";
import { type JsonObject, listAt, objectAt } from "../../injector/json.ts";
import { defaultSettings } from "../../injector/settings.ts";

/** Runs a shell script with these arguments in a fresh network namespace with a veth pair, and gives what it prints. */
function inNamespace(script: string, words: readonly string[]): string {
  const setUp = "ip link set lo up; ip link add eth0 type veth peer name far; ip link set far up; ip link set eth0 up;";
  const addresses =
    "ip addr add 10.99.0.1/24 dev eth0; ip route add default dev eth0; ip -6 addr add fd99::1/64 dev eth0 nodad;";
  return execFileSync("unshare", ["--net", "sh", "-ec", `${setUp}${addresses}${script}`, "sh", ...words], {
    encoding: "utf8",
  });
}

/** Command and arguments of the init container for a pod with these annotations. */
function initCommand(annotations: JsonObject): string[] {
  const pod = { metadata: { name: "web", annotations }, spec: { containers: [{ name: "web" }] } };
  const injected = inject(pod, { name: "shop", labels: {} }, defaultSettings).pod;
  const init = listAt(objectAt(injected, "spec"), "initContainers")[0] ?? {};
  return [init["command"], init["args"]].flat().map(String);
}

const everyAnnotation = {
  "traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8,fd00::/8",
  "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.1.0.0/16,fd01::/16",
  "traffic.sidecar.istio.io/includeInboundPorts": "80,81",
  "traffic.sidecar.istio.io/excludeInboundPorts": "81",
  "traffic.sidecar.istio.io/includeOutboundPorts": "443",
  "traffic.sidecar.istio.io/excludeOutboundPorts": "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
  "traffic.sidecar.istio.io/excludeInterfaces": "net1",
  "istio.io/reroute-virtual-interfaces": "tap0",
};

const rules = "iptables -t nat -S; ip6tables -t nat -S;";

describe.runIf(process.getuid?.() === 0)("init container", () => {
  test.each([
    { name: "without annotations", annotations: {} },
    { name: "with every annotation", annotations: everyAnnotation },
  ])("$name sets rules for both families, and the same when it runs again", ({ annotations }) => {
    const [once = "", twice] = inNamespace(`"$@"; ${rules} echo ===; "$@"; ${rules}`, initCommand(annotations)).split(
      "===\n",
    );
    expect(twice).toBe(once);
    expect(once.match(/-A OUTPUT -p tcp -j PILLION_OUT/g)).toHaveLength(2);
    expect(once.match(/-A PREROUTING -p tcp -j PILLION_IN/g)).toHaveLength(2);
    expect(once).toContain("-s ::6/128 -o lo -j RETURN");
  });

  test("leaves IPv6 alone in a pod without an IPv6 address", () => {
    const said = inNamespace(`ip -6 addr flush dev eth0; "$@"; ${rules}`, initCommand({}));
    expect(said.match(/-A OUTPUT -p tcp -j PILLION_OUT/g)).toHaveLength(1);
  });

  test.each([
    { name: "an application's connection", annotations: {}, user: 0, want: "proxy" },
    { name: "the proxy's own connection", annotations: {}, user: 1337, want: "nobody" },
    {
      name: "a connection to an excluded port",
      annotations: { "traffic.sidecar.istio.io/excludeOutboundPorts": "7000" },
      user: 0,
      want: "nobody",
    },
  ])("sends $name to $want", ({ annotations, user, want }) => {
    // Nobody answers at 10.50.0.1: a connection that is not redirected fails or waits for ever.
    const program = `
      const net = require("node:net");
      const server = net.createServer((socket) => socket.end("proxy")).listen(15001, "0.0.0.0", () => {
        process.setgid(${user}); process.setuid(${user});
        const client = net.connect({ host: "10.50.0.1", port: 7000, timeout: 300 });
        const done = (text) => { console.log(text); process.exit(0); };
        client.on("data", (data) => done(String(data))).on("error", () => done("nobody")).on("timeout", () => done("nobody"));
      });`;
    const said = inNamespace(`program=$1; shift; "$@"; exec "${process.execPath}" -e "$program"`, [
      program,
      ...initCommand(annotations),
    ]);
    expect(said.trim()).toBe(want);
  });

  test("fails when the rules cannot be set", () => {
    const command = initCommand({}).map((word) => word.replace("--to-ports 15001", "--to-ports nowhere"));
    expect(() => inNamespace(`"$@" 2>&1`, command)).toThrow();
  });
});
