// A new root takes the place of the old one while two Envoys talk to each other by mutual TLS, with a handshake for each request.
import { X509Certificate } from "node:crypto";
import { Agent, request } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import type { Ca } from "../../certs/ca.ts";
import { splitPem } from "../../control-plane/ca-bundle.ts";
import { systemClock } from "../../control-plane/clock.ts";
import { rotateCa, spreadMs } from "../../control-plane/kubernetes/ca-rotation.ts";
import { storedCa } from "../../control-plane/kubernetes/stored-ca.ts";
import {
  brought,
  intermediateOf,
  newCa,
  newRsaKeyPair,
  own,
} from "../../control-plane/kubernetes/testing/ca-secrets.ts";
import { manualClock } from "../../control-plane/kubernetes/testing/manual-clock.ts";
import { type FormerRoots, retireMs } from "../../control-plane/kubernetes/trusted-roots.ts";
import { createWorkloadSecrets } from "../../control-plane/workload-secrets.ts";
import { typeUrls } from "../../envoy/resource.ts";
import { adsBootstrap, envoyBinary, freePort, type LiveEnvoy, startEnvoy, until } from "./live-envoy.ts";
import {
  fromAds,
  type LiveMesh,
  loopback,
  newLiveMesh,
  putCluster,
  putListener,
  serveMesh,
  typed,
} from "./live-mesh.ts";

const cleanUp: (() => void | Promise<void>)[] = [];
afterAll(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const sds = (name: string) => ({ name, sdsConfig: fromAds });
const commonTlsContext = {
  tlsCertificateSdsSecretConfigs: [sds("default")],
  validationContextSdsSecretConfig: sds("ROOTCA"),
};
const needs = ["default", "ROOTCA"].map((name) => ({ type: typeUrls.secret, name }));

/** Asks for a certificate and says which one it was shown. */
function serverMesh(port: number): LiveMesh {
  const mesh = newLiveMesh();
  const peer = { key: "x-peer", value: "%DOWNSTREAM_PEER_FINGERPRINT_256% %DOWNSTREAM_PEER_URI_SAN%" };
  const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    statPrefix: "server",
    // Every request comes by a connection of its own.
    commonHttpProtocolOptions: { maxRequestsPerConnection: 1 },
    routeConfig: {
      virtualHosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, directResponse: { status: 200 } }],
          responseHeadersToAdd: [{ header: peer }],
        },
      ],
    },
    httpFilters: [{ name: "router", typedConfig: typed("filters.http.router.v3.Router") }],
  });
  const tls = typed("transport_sockets.tls.v3.DownstreamTlsContext", {
    commonTlsContext,
    requireClientCertificate: true,
  });
  mesh.put(
    typeUrls.listener,
    "server",
    {
      name: "server",
      address: loopback(port),
      filterChains: [
        { transportSocket: { name: "tls", typedConfig: tls }, filters: [{ name: "hcm", typedConfig: manager }] },
      ],
    },
    needs,
  );
  mesh.eager.push({ type: typeUrls.listener, name: "server" });
  return mesh;
}

/** Calls the server. */
function clientMesh(port: number, serverPort: number): LiveMesh {
  const mesh = newLiveMesh();
  const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    statPrefix: "client",
    routeConfig: {
      virtualHosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "server" } }] },
      ],
    },
    httpFilters: [{ name: "router", typedConfig: typed("filters.http.router.v3.Router") }],
  });
  putListener(mesh, "client", port, "hcm", manager);
  // Without resumption, which would skip the look at the certificate.
  const tls = typed("transport_sockets.tls.v3.UpstreamTlsContext", { commonTlsContext, maxSessionKeys: 0 });
  putCluster(mesh, "server", serverPort, { transportSocket: { name: "tls", typedConfig: tls } }, needs);
  mesh.eager.push({ type: typeUrls.cluster, name: "server" });
  return mesh;
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** "200 FINGERPRINT SPIFFE-ID" */
function get(port: number): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request({ host: "127.0.0.1", port, agent }, (incoming) => {
      let body = "";
      incoming.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      incoming.on("end", () => resolve(`${incoming.statusCode} ${body}${String(incoming.headers["x-peer"] ?? "")}`));
    });
    outgoing.on("error", (error) => resolve(error.message));
    outgoing.end();
  });
}

/** What an Envoy was given, as its administration page shows it. */
async function heldCertificates(envoy: LiveEnvoy) {
  const dump = JSON.parse(await envoy.get("/config_dump?resource=dynamic_active_secrets")) as SecretsDump; // Envoy's own form.
  const secret = (name: string) => dump.configs.find((one) => one.name === name)?.secret;
  const chain = secret("default")?.tls_certificate?.certificate_chain.inline_string ?? "";
  const trusted = splitPem(secret("ROOTCA")?.validation_context?.trusted_ca.inline_string ?? "");
  return { trusted, leaf: new X509Certificate(chain) };
}

interface SecretsDump {
  readonly configs: readonly {
    readonly name: string;
    readonly secret: {
      readonly tls_certificate?: { readonly certificate_chain: { readonly inline_string: string } };
      readonly validation_context?: { readonly trusted_ca: { readonly inline_string: string } };
    };
  }[];
}

/** Requests one after the other, four at a time, until it is stopped. */
function startLoad(port: number) {
  const answers = new Map<string, number>();
  let last = "";
  let isRunning = true;
  const worker = async (): Promise<void> => {
    while (isRunning) {
      last = await get(port);
      answers.set(last, (answers.get(last) ?? 0) + 1);
    }
  };
  const workers = [worker(), worker(), worker(), worker()];
  return {
    last: () => last,
    stop: async (): Promise<ReadonlyMap<string, number>> => {
      isRunning = false;
      await Promise.all(workers);
      return answers;
    },
  };
}

describe.runIf(envoyBinary() !== undefined)("rotation of the root", () => {
  test("fails no request, from our own CA to an RSA one with a chain, with a restart in the middle", async () => {
    const startMs = Date.now();
    const old = newCa(startMs);
    const root = newCa(startMs, newRsaKeyPair);
    const fresh = intermediateOf(root, { nowMs: startMs, keys: newRsaKeyPair });
    const [serverPort, clientPort] = [await freePort(), await freePort()];
    const meshes = [serverMesh(serverPort), clientMesh(clientPort, serverPort)];
    const time = manualClock(startMs);

    /** A control plane that starts with this CA, on these ports. */
    const startControlPlane = async (stored: Parameters<typeof storedCa>[0], former: FormerRoots, ports = [0, 0]) => {
      const stop = new AbortController();
      const rotation = rotateCa({ stored: storedCa(stored, startMs), former, clock: time.clock }, stop.signal);
      const secrets = createWorkloadSecrets(rotation, systemClock, () => 0, stop.signal);
      const servers = await Promise.all(
        meshes.map((mesh, at) => serveMesh({ ...mesh, options: { ...mesh.options, secrets } }, ports[at])),
      );
      const end = async (): Promise<void> => {
        stop.abort();
        await Promise.all(servers.map(({ server }) => server.close()));
      };
      cleanUp.push(end);
      return { rotation, end, ports: servers.map(({ port }) => port), servers: servers.map(({ server }) => server) };
    };
    const first = await startControlPlane(own(old), { roots: [], sinceMs: 0 });
    const envoys: LiveEnvoy[] = [];
    for (const [at, name] of ["server", "client"].entries()) {
      const bootstrap = adsBootstrap({ xdsPort: first.ports[at] ?? 0, nodeId: `${name}~${name}-1` });
      const envoy = await startEnvoy({ bootstrap });
      cleanUp.push(() => envoy.stop());
      envoys.push(envoy);
      await until(`Envoy ${name} is live`, () => envoy.isLive());
    }
    const identity = "spiffe://cluster.local/ns/shop/sa/client";
    await until("the first request is answered", async () => (await get(clientPort)).endsWith(identity));

    /** Both proxies trust these, and have certificates by that CA. */
    const untilBothHave = async (roots: readonly string[], issuer: Ca): Promise<void> => {
      const has = async (envoy: LiveEnvoy): Promise<boolean> => {
        const { trusted, leaf } = await heldCertificates(envoy);
        return isDeepStrictEqual(trusted, roots) && leaf.checkIssued(new X509Certificate(issuer.certificatePem));
      };
      await until("both proxies have the right certificates", async () =>
        (await Promise.all(envoys.map(has))).every(Boolean),
      );
      // Envoy's workers take them up one after the other.
      for (let calls = 0; calls < 20; calls++) await get(clientPort);
    };
    const load = startLoad(clientPort);
    await until("there is load", () => Promise.resolve(load.last() !== ""));
    const before = load.last();

    first.rotation.offer(storedCa(brought(fresh, root), startMs));
    const both = first.rotation.current().roots;
    expect(both).toEqual([root.certificatePem, old.certificatePem]);
    await untilBothHave(both, old);
    expect(await get(clientPort)).toBe(before);
    await first.end();
    // Its memory is gone, and the old key with it; what it wrote into the root ConfigMaps is left.
    const { rootsSinceMs } = first.rotation.current();
    const second = await startControlPlane(brought(fresh, root), { roots: both, sinceMs: rootsSinceMs }, first.ports);
    await until("both proxies are back", () =>
      Promise.resolve(second.servers.every((one) => one.status().length === 1)),
    );
    expect(await get(clientPort)).toBe(before);

    time.goTo(startMs + spreadMs);
    await untilBothHave(both, fresh);
    time.goTo(startMs + retireMs);
    await untilBothHave([root.certificatePem], fresh);
    const renewed = await get(clientPort);
    expect(renewed).toMatch(new RegExp(`^200 [0-9a-f]{64} ${identity}$`));

    const answers = await load.stop();
    expect([...answers.keys()].toSorted()).toEqual([before, renewed].toSorted());
    expect(renewed).not.toBe(before);
  });
});
