// The injected container's own arguments, given to the real Envoy: it takes them, says who it is with its token, and is not
// ready before the control plane has spoken.
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCa, issue } from "../../certs/ca.ts";
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from "../../envoy/proto/envoy/service/discovery/v3/discovery_pb.ts";
import { rootSecret, rootSecretName } from "../../injector/bootstrap.ts";
import type { NamespaceFacts } from "../../injector/decide.ts";
import { inject } from "../../injector/inject.ts";
import { type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import { type InjectorSettings, injectorSettings } from "../../injector/settings.ts";
import { sidecarNames, sidecarPorts } from "../../model/sidecar.ts";
import { envoyBinary, freePort, until } from "./live-envoy.ts";

const shop: NamespaceFacts = { name: "shop", labels: {} };
const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const ca = createCa({ now: Date.now(), newKeyPair, trustDomain: "cluster.local" });
const binary = envoyBinary();
const directory = mkdtempSync(join(tmpdir(), "pillion-bootstrap-"));

/** What the kubelet knows of the pod. */
const facts: Readonly<Record<string, string>> = { POD_NAME: "web-0", POD_NAMESPACE: "shop", INSTANCE_IP: "10.0.0.7" };

beforeAll(() => {
  mount("istio-token", "first-token");
  mount("root-cert.pem", ca.certificatePem);
  mount(rootSecretName, inOneFolder(rootSecret(injectorSettings({}))));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The proxy's arguments as the kubelet hands them over, with the two mounts in the test's own folder. */
function proxyArguments(annotations: JsonObject, settings: InjectorSettings): string[] {
  const pod = { metadata: { name: "web-0", annotations }, spec: { containers: [] } };
  const spec = objectAt(inject(pod, shop, settings).pod, "spec");
  const proxy = [...listAt(spec, "initContainers"), ...listAt(spec, "containers")].find(
    (one) => one["name"] === "istio-proxy",
  );
  const env = new Map(listAt(proxy ?? {}, "env").map((one) => [textAt(one, "name"), textAt(one, "value")]));
  const expand = (text: string): string =>
    text.replaceAll(/\$\$|\$\(([A-Za-z_]+)\)/g, (found, name: string) =>
      found === "$$" ? "$" : String(facts[name] ?? env.get(name) ?? found),
    );
  return [proxy?.["args"]].flat().map((argument) => inOneFolder(expand(String(argument))));
}

/** A text that names mounted files, with both mounts in the test's folder. */
const inOneFolder = (text: string): string =>
  text.replaceAll(sidecarNames.tokenDirectory, directory).replaceAll(sidecarNames.rootDirectory, directory);

const mounted = new Map<string, string>();

/** Write a mounted file as the kubelet does: a new folder of all files, and one rename of the link that leads to it. */
function mount(name: string, text: string): void {
  mounted.set(name, text);
  const folder = mkdtempSync(join(directory, "..version-"));
  for (const [file, content] of mounted) writeFileSync(join(folder, file), content);
  symlinkSync(basename(folder), join(directory, "..data_tmp"));
  renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
  if (!existsSync(join(directory, name))) symlinkSync(`..data/${name}`, join(directory, name));
}

describe.skipIf(binary === undefined)("injected arguments", () => {
  test.each<{
    readonly name: string;
    readonly annotations?: JsonObject;
    readonly settings?: Partial<InjectorSettings>;
  }>([
    { name: "a sidecar" },
    { name: "a gateway", annotations: { "inject.istio.io/templates": "gateway" } },
    { name: "a control plane by address", settings: { xds: { host: "10.0.0.1", port: 15_012, sni: "10.0.0.1" } } },
    {
      name: "a cluster with IPv6",
      settings: { ipFamilies: ["IPv4", "IPv6"], network: "n", clusterDomain: "example.org" },
    },
    {
      name: "every annotation that changes an argument",
      annotations: {
        "sidecar.istio.io/logLevel": "debug",
        "sidecar.istio.io/componentLogLevel": "rbac:debug,misc:error",
        "sidecar.istio.io/statsInclusionPrefixes": "cluster.outbound",
        "sidecar.istio.io/statsInclusionRegexps": "a$(POD)$$,b.*",
        "proxy.istio.io/config": "concurrency: 3",
      },
    },
  ])("are taken by Envoy for $name", ({ annotations = {}, settings = {} }) => {
    const words = proxyArguments(annotations, injectorSettings(settings));
    const said = execFileSync(binary ?? "", [...words, "--mode", "validate"], {
      encoding: "utf8",
      stdio: "pipe",
    });
    expect(said).toContain("OK");
  });

  test("bring Envoy to its control plane with name and token, and keep it unready until it has spoken", async () => {
    const [admin, health, prometheus] = [await freePort(), await freePort(), await freePort()];
    let controlPlane = await listen();
    const settings = injectorSettings({
      xds: { host: "127.0.0.1", port: controlPlane.port, sni: "istiod.istio-system.svc" },
    });
    const ports: Readonly<Record<string, number>> = {
      [sidecarPorts.admin]: admin,
      [sidecarPorts.health]: health,
      [sidecarPorts.prometheus]: prometheus,
    };
    const words = proxyArguments({}, settings).map((word) =>
      word.replaceAll(/"port_value":(\d+)/g, (found, port: string) =>
        port in ports ? `"port_value":${ports[port]}` : found,
      ),
    );
    const child = spawn(binary ?? "", words, { stdio: "ignore" });
    try {
      const first = await until("a first stream", () => Promise.resolve(controlPlane.streams[0]));
      expect(first.token).toBe("Bearer first-token");
      await until("its first question", () => Promise.resolve(first.node || undefined));
      expect(first.node).toBe("sidecar~10.0.0.7~web-0.shop~shop.svc.cluster.local");
      expect(await statusOf(`http://127.0.0.1:${admin}/ready`)).toBe(503);
      expect(await statusOf(`http://127.0.0.1:${health}/healthz/ready`)).not.toBe(200);

      first.speak();
      await until(
        "Envoy to be ready",
        async () => (await statusOf(`http://127.0.0.1:${health}/healthz/ready`)) === 200 || undefined,
      );
      expect(await statusOf(`http://127.0.0.1:${health}/anything`)).toBe(404);
      const metrics = await (await fetch(`http://127.0.0.1:${prometheus}/stats/prometheus`)).text();
      expect(metrics).toContain("envoy_server_state");

      mount("istio-token", "second-token");
      await until("a stream with the new token", () => {
        controlPlane.endStreams();
        return Promise.resolve(controlPlane.streams.some(({ token }) => token === "Bearer second-token") || undefined);
      });

      // A new root, beside the old one: the control plane comes back with a certificate by the new one.
      const next = createCa({ now: Date.now(), newKeyPair, trustDomain: "cluster.local" });
      mount("root-cert.pem", ca.certificatePem + next.certificatePem);
      controlPlane.server.forceShutdown();
      controlPlane = await listen(next, controlPlane.port);
      await until("a stream to the control plane under the new root", () => Promise.resolve(controlPlane.streams[0]));
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
      controlPlane.server.forceShutdown();
    }
  });
});

/** The status of a GET; 0 where nobody listens. */
const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url).catch(() => undefined);
  return response?.status ?? 0;
};

/** One stream, as the control plane saw it. */
interface Seen {
  readonly token: string;
  node: string;
  /** Say from now on that there is nothing of anything that is asked for. */
  speak(): void;
}

type Stream = ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

/** A control plane that speaks only when it is told to. */
async function listen(by = ca, at = 0) {
  const server = new Server();
  const streams: Seen[] = [];
  const open = new Set<Stream>();
  const handle = (stream: Stream): void => {
    const waiting = new Set<string>();
    let speaks = false;
    const speak = (): void => {
      speaks = true;
      for (const typeUrl of waiting)
        stream.write(create(DeltaDiscoveryResponseSchema, { typeUrl, nonce: "1", systemVersionInfo: "1" }));
      waiting.clear();
    };
    const seen: Seen = { token: String(stream.metadata.get("authorization")), node: "", speak };
    streams.push(seen);
    open.add(stream);
    stream.on("data", (request: DeltaDiscoveryRequest) => {
      seen.node ||= request.node?.id ?? "";
      if (request.responseNonce === "") waiting.add(request.typeUrl);
      if (speaks) speak();
    });
    stream.on("end", () => stream.end());
    stream.on("error", () => {}); // Envoy is killed at the end.
    stream.on("close", () => open.delete(stream));
  };
  server.addService(
    {
      DeltaAggregatedResources: {
        path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
        requestStream: true,
        responseStream: true,
        requestSerialize: (request: DeltaDiscoveryRequest) =>
          Buffer.from(toBinary(DeltaDiscoveryRequestSchema, request)),
        requestDeserialize: (bytes) => fromBinary(DeltaDiscoveryRequestSchema, bytes),
        responseSerialize: (response: DeltaDiscoveryResponse) =>
          Buffer.from(toBinary(DeltaDiscoveryResponseSchema, response)),
        responseDeserialize: (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
      },
    },
    { DeltaAggregatedResources: handle },
  );
  const issued = issue(by, { now: Date.now(), newKeyPair, dnsNames: ["istiod.istio-system.svc"] });
  const pair = {
    cert_chain: Buffer.from(issued.certificateChainPem),
    private_key: Buffer.from(issued.privateKey.reveal()),
  };
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number): void => (error === null ? resolve(bound) : reject(error));
    server.bindAsync(`127.0.0.1:${at}`, ServerCredentials.createSsl(null, [pair]), done);
  });
  const endStreams = (): void => {
    for (const stream of open) stream.end();
  };
  return { server, port, streams, endStreams };
}
