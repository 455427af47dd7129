// A proxy that behaves on its stream as Envoy 1.40 was seen to, for tests that need every order of events.
// It works on the state machine directly, one message at a time, and complains where Envoy would misbehave.
import { type TypeUrl, typeUrls } from "../../envoy/resource.ts";
import { type DeltaRequest, noFacts } from "../delta-request.ts";
import type { DeltaMessage } from "../delta-response.ts";
import { newProxyState, type ProxyState, routeOf, withoutBody } from "../proxy-state.ts";
import { dueMessages } from "../schedule.ts";
import { applyRequest } from "../subscription.ts";
import { computeWanted } from "../wanted.ts";
import type { FixtureMesh } from "./fixture-mesh.ts";

interface Held {
  readonly version: string;
  /** Names of clusters that it sends traffic to. */
  readonly clusters: readonly string[];
}

export class SimulatedProxy {
  readonly mesh: FixtureMesh;
  state: ProxyState;
  nowMs = 0;
  /** How many messages can be written before the rest has to wait for the next time. */
  maximumTaken = Number.POSITIVE_INFINITY;
  /** What it works with, by type. */
  readonly held = new Map<TypeUrl, Map<string, Held>>(Object.values(typeUrls).map((type) => [type, new Map()]));
  /** What it asked for by name, by type; it says so again after a reconnect. */
  readonly #asked = new Map<TypeUrl, Set<string>>(Object.values(typeUrls).map((type) => [type, new Set()]));
  readonly #spoken = new Set<TypeUrl>();
  readonly #warming = new Set<string>();
  readonly #toProxy: DeltaMessage[] = [];
  readonly #toServer: { readonly type: TypeUrl; readonly request: DeltaRequest }[] = [];
  #delayedClusterAck: { readonly type: TypeUrl; readonly request: DeltaRequest }[] = [];
  #isClusterRequestDue = false;
  /** Everything that was ever sent to it, and at what time. */
  readonly sent: { readonly message: DeltaMessage; readonly atMs: number }[] = [];
  /** Versions that the server was told of as acknowledged, by "type name". */
  readonly acknowledged = new Map<string, string>();
  /** Names of resources that it refuses. */
  readonly refuses = new Set<string>();

  constructor(mesh: FixtureMesh, learnedHosts: readonly string[] = [], learnedClusters: readonly string[] = []) {
    this.mesh = mesh;
    this.state = newProxyState({ virtualHosts: learnedHosts, clusters: learnedClusters }, 0);
    this.#subscribe(typeUrls.cluster, []);
  }

  /** A changed cluster waits for its endpoints. */
  get isWarming(): boolean {
    return this.#warming.size > 0;
  }

  /** An application calls a host: "80/web". */
  ask(host: string): void {
    if (this.#spoken.has(typeUrls.virtualHost)) this.#subscribe(typeUrls.virtualHost, [host]);
  }

  /** A route leads to a cluster that is not there. */
  askCluster(name: string): void {
    this.#subscribe(typeUrls.cluster, [name]);
  }

  /** The server reads one request. False: there is none. */
  serverReads(): boolean {
    const next = this.#toServer.shift();
    if (next === undefined) return false;
    const sentMessage = this.state.inFlight.get(next.request.nonce);
    applyRequest(this.state, next.type, next.request);
    for (const [name, version] of next.request.initialVersions) this.acknowledged.set(`${next.type} ${name}`, version);
    if (sentMessage !== undefined && next.request.refusal === undefined) {
      for (const { name, version } of sentMessage.items) {
        if (version === undefined) this.acknowledged.delete(`${next.type} ${name}`);
        else this.acknowledged.set(`${next.type} ${name}`, version);
      }
    }
    this.serverSends();
    return true;
  }

  /** The server looks at the mesh anew and sends what is due. */
  serverSends(): void {
    const wanted = computeWanted(this.state, this.mesh.source);
    let taken = 0;
    for (const message of dueMessages(this.state, wanted, this.nowMs)) {
      this.sent.push({ message, atMs: this.nowMs });
      this.#toProxy.push(message);
      taken += 1;
      if (taken === this.maximumTaken) break;
    }
  }

  /** The proxy reads one response. False: there is none. */
  proxyReads(): boolean {
    const message = this.#toProxy.shift();
    if (message === undefined) return false;
    const refused = message.resources.filter(
      ({ name, resource }) => resource && this.refuses.has(`${message.type} ${name}`),
    );
    const bad = message.type === typeUrls.virtualHost && refused.length > 0;
    if (!bad) for (const name of message.removed) this.#remove(message.type, name);
    for (const item of message.resources) if (!bad && !refused.includes(item)) this.#put(message.type, item);
    const verdict = request({ nonce: message.nonce, refusal: refused.length > 0 ? "it is refused" : undefined });
    const answer = { type: message.type, request: verdict };
    // Envoy acknowledges clusters only when none of them is warming.
    if (message.type === typeUrls.cluster && this.#warming.size > 0) this.#delayedClusterAck.push(answer);
    else this.#toServer.push(answer);
    if (this.#warming.size > 0) return true;
    this.#toServer.push(...this.#delayedClusterAck.splice(0));
    if (this.#isClusterRequestDue) this.#introduce(typeUrls.cluster);
    this.#isClusterRequestDue = false;
    return true;
  }

  /** Let everything be read by both sides, and time pass where something waits for that. */
  settle(): void {
    for (let step = 0; step < 10_000; step++) {
      if (this.serverReads() || this.proxyReads()) continue;
      this.serverSends();
      if (this.#toProxy.length > 0) continue;
      if (this.state.wakeAtMs === undefined) return;
      this.nowMs = Math.max(this.nowMs, this.state.wakeAtMs);
    }
    throw new Error("The proxy and the server never come to rest.");
  }

  /** The stream breaks; what was under way is lost. The proxy keeps what it holds and tells it on a new stream. */
  reconnect(): void {
    this.#toProxy.length = 0;
    this.#toServer.length = 0;
    this.#delayedClusterAck = [];
    this.acknowledged.clear();
    this.state = newProxyState({ virtualHosts: [], clusters: [] }, this.nowMs);
    for (const type of [
      typeUrls.cluster,
      typeUrls.endpoints,
      typeUrls.secret,
      typeUrls.listener,
      typeUrls.route,
      typeUrls.virtualHost,
    ]) {
      // Envoy does not speak of clusters while one of them is warming.
      if (type === typeUrls.cluster && this.#warming.size > 0) this.#isClusterRequestDue = true;
      else if (this.#spoken.has(type)) this.#introduce(type);
    }
  }

  /** The first request of a type on a new stream. */
  #introduce(type: TypeUrl): void {
    const initialVersions = new Map([...(this.held.get(type) ?? [])].map(([name, { version }]) => [name, version]));
    this.#toServer.push({ type, request: request({ subscribe: [...(this.#asked.get(type) ?? [])], initialVersions }) });
  }

  #put(type: TypeUrl, item: DeltaMessage["resources"][number]): void {
    const held = this.held.get(type);
    const before = held?.get(item.name);
    if (item.resource === undefined) {
      if (item.aliases.length === 0) throw new Error("Envoy refuses a resource without a body and without an alias.");
      if (before !== undefined && before.version !== withoutBody) throw new Error("Envoy would keep the body.");
    }
    if (type === typeUrls.virtualHost && !this.held.get(typeUrls.route)?.has(routeOf(item.name))) return;
    const byName = type === typeUrls.endpoints || type === typeUrls.secret || type === typeUrls.route;
    if (byName && !this.#asked.get(type)?.has(item.name)) return;
    const clusters = (item.resource?.needs ?? []).filter((need) => need.type === typeUrls.cluster);
    held?.set(item.name, { version: item.version, clusters: clusters.map(({ name }) => name) });
    if (type === typeUrls.cluster) {
      if (before === undefined) this.#subscribe(typeUrls.endpoints, [item.name]);
      else if (before.version !== item.version) this.#warming.add(item.name);
      this.#subscribeOnce(typeUrls.secret, "default");
    }
    if (type === typeUrls.endpoints) this.#warming.delete(item.name);
    if (type === typeUrls.listener) this.#subscribeOnce(typeUrls.route, "80");
    if (type === typeUrls.cluster) this.#start(typeUrls.listener);
    if (type === typeUrls.route) this.#start(typeUrls.virtualHost);
  }

  #remove(type: TypeUrl, name: string): void {
    this.held.get(type)?.delete(name);
    if (type !== typeUrls.cluster) return;
    this.#warming.delete(name);
    this.#asked.get(typeUrls.endpoints)?.delete(name);
    this.held.get(typeUrls.endpoints)?.delete(name);
    this.#toServer.push({ type: typeUrls.endpoints, request: request({ unsubscribe: [name] }) });
  }

  #start(type: TypeUrl): void {
    if (!this.#spoken.has(type)) this.#subscribe(type, []);
  }

  #subscribeOnce(type: TypeUrl, name: string): void {
    if (!this.#asked.get(type)?.has(name)) this.#subscribe(type, [name]);
  }

  #subscribe(type: TypeUrl, names: readonly string[]): void {
    this.#spoken.add(type);
    const fresh = names.filter((name) => !this.#asked.get(type)?.has(name));
    for (const name of fresh) this.#asked.get(type)?.add(name);
    // What it asks for meanwhile is part of the request that is due.
    if (type === typeUrls.cluster && this.#isClusterRequestDue) return;
    if (fresh.length === names.length) this.#toServer.push({ type, request: request({ subscribe: fresh }) });
  }
}

function request(parts: Partial<DeltaRequest>): DeltaRequest {
  const empty = {
    nodeId: "",
    facts: noFacts,
    type: undefined,
    subscribe: [],
    unsubscribe: [],
    initialVersions: new Map<string, string>(),
  };
  return { ...empty, nonce: "", refusal: undefined, ...parts };
}
