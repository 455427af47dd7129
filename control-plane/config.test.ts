import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseConfig } from "./config.ts";

describe("parseConfig()", () => {
  test("reads a mesh of files", () => {
    const config = parseConfig(["--config-dir", "a", "--config-dir", "b", "--state-dir", "s", "--webhook", "[::1]:1"]);
    expect(config).toMatchObject({
      source: "directory",
      configDirectories: ["a", "b"],
      stateDirectory: "s",
      webhook: { host: "::1", port: 1 },
      discoveryAddress: "istiod.istio-system.svc:15012",
      monitoring: undefined,
    });
    const monitored = ["--config-dir", "a", "--state-dir", "s", "--monitoring", "127.0.0.1:0"];
    expect(parseConfig(monitored)).toMatchObject({ monitoring: { host: "127.0.0.1", port: 0 } });
  });

  test("reads a mesh on Kubernetes", () => {
    expect(parseConfig(["--in-cluster", "--revision", "canary", "--namespace", "mesh"])).toMatchObject({
      source: "kubernetes",
      kubeconfig: undefined,
      namespace: "mesh",
      revision: "canary",
      discoveryAddress: "istiod-canary.mesh.svc:15012",
    });
    expect(parseConfig(["--kubeconfig", "f", "--webhook-url", "https://h:1/"])).toMatchObject({
      kubeconfig: "f",
      webhookUrl: "https://h:1",
    });
  });

  test("takes * for all addresses, of both families where there are two", () => {
    const { host } = parseConfig(["--in-cluster", "--webhook", "*:15017"]).webhook;
    expect(host).toBe(existsSync("/proc/net/if_inet6") ? "::" : "0.0.0.0");
  });

  test.each([
    { args: [], says: /nothing says where the objects are.*exactly one of/ },
    { args: ["--config-dir", "a", "--in-cluster"], says: /--config-dir and --in-cluster exclude each other/ },
    { args: ["--kubeconfig", "f", "--in-cluster"], says: /--kubeconfig and --in-cluster exclude each other/ },
    { args: ["--config-dir", "a"], says: /--state-dir is missing/ },
    { args: ["--config-dir", "a", "--state-dir", "s", "--values", "v"], says: /--values means nothing here/ },
    { args: ["--in-cluster", "--state-dir", "s"], says: /--state-dir means nothing here.*--config-dir/ },
    { args: ["--in-cluster", "--revision", "1.2"], says: /--revision "1.2" is not a name/ },
    { args: ["--in-cluster", "--webhook-url", "http://h"], says: /begins with https/ },
    { args: ["--in-cluster", "--discovery-address", "istiod"], says: /--discovery-address "istiod" is not HOST:PORT/ },
    { args: ["--in-cluster", "--monitoring", "15014"], says: /--monitoring "15014" is not HOST:PORT/ },
    { args: ["--in-cluster", "--xds-plaintext", "0.0.0.0:1"], says: /not a loopback address/ },
    { args: ["--in-cluster", "--log-level", "loud"], says: /--log-level "loud" is unknown/ },
    { args: ["--in-cluster", "--colour"], says: /Unknown option/ },
  ])("refuses $args", ({ args, says }) => {
    expect(() => parseConfig(args)).toThrow(says);
  });
});
