// One proxy's stream: what it says and what happens in the mesh comes in through one inbox, what it should hold goes out.
import { setImmediate } from "node:timers/promises";
import { Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { errorText } from "../base/error.ts";
import { type EncodedResource, type TypeUrl, typeUrls } from "../envoy/resource.ts";
import type { Translator } from "../envoy/translator.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { type Activity, noteHeard, noteSent, quietMs, syncOf } from "./activity.ts";
import { type DeltaRequest, noFacts, type ProxyFacts } from "./delta-request.ts";
import { type DeltaMessage, encodeDeltaResponse } from "./delta-response.ts";
import { guarded } from "./guarded.ts";
import { newInbox } from "./inbox.ts";
import { namesUsed } from "./learned.ts";
import { typeNames } from "./metrics.ts";
import { newProxyState, ofType, type ProxyState } from "./proxy-state.ts";
import { dueMessages } from "./schedule.ts";
import type { Authentication, Credentials, SessionDeps } from "./session-deps.ts";
import { type ProxyStatus, statusOf } from "./status.ts";
import { applyRequest, type Verdict } from "./subscription.ts";
import { computeWanted, type Wanted } from "./wanted.ts";

/** A stream of gRPC: parsed requests in, encoded responses out. */
export type Call = ServerDuplexStream<DeltaRequest, Buffer>;

/** Envoy says who it is as soon as its stream is open; who does not in this time only takes the place of others. */
const firstRequestMs = 10_000;
/** A proxy that does not read what it was sent for so long is cut off; it comes back when it can. */
const slowConsumerMs = 60_000;
/** Names of a response that its log line shows. */
const loggedNames = 10;
/** Requests that may wait for the loop before no more are read from the stream. */
const maximumWaitingEvents = 1_000;

type Event =
  | { readonly type: "request"; readonly request: DeltaRequest }
  | { readonly type: "published"; readonly atMs: number }
  | { readonly type: "secrets" }
  | { readonly type: "wake" }
  | { readonly type: "end" };

type Peer = Extract<Authentication, { ok: true }>;

export class Session {
  readonly #call: Call;
  readonly #deps: SessionDeps;
  readonly #translator: Translator;
  readonly #credentials: Omit<Credentials, "nodeId">;
  readonly #inbox = newInbox<Event>();
  readonly #secrets = new Map<string, EncodedResource>();
  /** What the proxy brought from an earlier stream was replaced since. */
  #secretsAreOld = false;
  readonly #cleanUp: (() => void)[] = [];
  readonly #aborted = new AbortController();
  #peer: Peer | undefined;
  /** The last snapshot that held its pod. */
  #lastKnown: Snapshot | undefined;
  #facts: ProxyFacts = noFacts;
  #connectedAtMs = 0;
  #state: ProxyState;
  readonly #activity: Activity = new Map();
  #wanted: Wanted = new Map();
  #writable = true;
  #cancelWake: (() => void) | undefined;
  #cancelSlow: (() => void) | undefined;
  /** When the oldest publication came that the proxy has not acknowledged all of. */
  #convergingSinceMs: number | undefined;
  #sentSincePublished = false;

  constructor(call: Call, credentials: Omit<Credentials, "nodeId">, deps: SessionDeps) {
    this.#call = call;
    this.#deps = deps;
    this.#credentials = credentials;
    this.#state = newProxyState({ virtualHosts: [], clusters: [] }, deps.now());
    this.#translator = guarded(deps.translator, {
      lastGood: (type, name) => this.#lastGood(type, name),
      report: ({ type, name }, error) =>
        deps.log.error(
          { proxy: this.#peer?.proxy.pod, type: type && typeNames[type], name, error },
          "translation failed; the last good form stays",
        ),
    });
    this.#listen();
  }

  /** Serve the stream until it ends. Never rejects: a failure ends this stream only. */
  async run(): Promise<void> {
    try {
      await this.#work();
    } catch (error) {
      this.#deps.log.error({ proxy: this.#peer?.proxy, error: errorText(error) }, "session failed");
      this.#fail(status.INTERNAL, "The control plane failed on this stream; its log says why");
    } finally {
      this.#stop();
    }
  }

  /** End the stream from our side; the proxy connects again. */
  end(): void {
    this.#aborted.abort();
    this.#inbox.put({ type: "end" });
  }

  /** Undefined until the proxy has said who it is. */
  status(): ProxyStatus | undefined {
    if (this.#peer === undefined) return undefined;
    const { proxy, identity, workload } = this.#peer;
    const now = this.#deps.now();
    const status = statusOf(this.#state, this.#wanted);
    const refused = new Set(status.refused.map(({ type }) => type));
    return {
      proxy,
      identity,
      workload,
      facts: this.#facts,
      connectedMs: now - this.#connectedAtMs,
      quietMs: quietMs(this.#activity, now),
      types: new Map(
        Object.values(typeUrls).map((type) => [type, syncOf(this.#activity, type, refused.has(type), now)]),
      ),
      learnedIsFull: this.#deps.learned.isFull(workload),
      ...status,
    };
  }

  #listen(): void {
    const call = this.#call;
    call.on("data", (request: DeltaRequest) => {
      this.#inbox.put({ type: "request", request });
      if (this.#inbox.size >= maximumWaitingEvents) call.pause();
    });
    call.on("drain", () => {
      this.#writable = true;
      this.#cancelSlow?.();
      this.#inbox.put({ type: "wake" });
    });
    for (const event of ["end", "cancelled", "close", "error"]) call.on(event, () => this.end());
  }

  async #work(): Promise<void> {
    const early: Event[] = [];
    const heard = this.#deps.setTimer(firstRequestMs, () => {
      this.#fail(status.DEADLINE_EXCEEDED, "The proxy does not say who it is");
      this.end();
    });
    this.#cleanUp.push(heard);
    while (early[0] === undefined) early.push(...(await this.#inbox.takeAll()));
    heard();
    const [first] = early;
    if (first.type !== "request") return;
    const credentials = { ...this.#credentials, nodeId: first.request.nodeId };
    const answer = await this.#deps.authenticate(credentials, this.#aborted.signal);
    if (!answer.ok) {
      this.#deps.log.warn({ proxy: credentials.nodeId, reason: answer.reason }, "proxy refused");
      this.#fail(answer.code, answer.reason);
      return;
    }
    // Headers tell both ends that the proxy is let in: from here on all that it says is read.
    this.#call.sendMetadata(new Metadata());
    this.#facts = first.request.facts;
    this.#welcome(answer);
    let events: readonly Event[] = early;
    while (this.#handle(events, answer)) {
      events = await this.#inbox.takeAll();
      // Whatever arrives in this turn of the event loop is one batch, and other streams get their turn.
      await setImmediate();
      events = this.#inbox.size === 0 ? events : [...events, ...(await this.#inbox.takeAll())];
      this.#call.resume();
    }
    this.#call.end();
  }

  #welcome(peer: Peer): void {
    const deps = this.#deps;
    const inbox = this.#inbox;
    this.#peer = peer;
    this.#connectedAtMs = deps.now();
    this.#state = newProxyState(deps.learned.of(peer.workload), deps.now());
    deps.metrics.connected(1);
    deps.log.info({ proxy: peer.proxy.pod, namespace: peer.proxy.namespace }, "proxy connected");
    this.#cleanUp.push(
      () => deps.metrics.connected(-1),
      () => deps.log.info({ proxy: peer.proxy.pod, namespace: peer.proxy.namespace }, "proxy left"),
      deps.snapshots.subscribe(() => inbox.put({ type: "published", atMs: deps.now() })),
      deps.secrets.subscribe((identity) => {
        if (identity === undefined || identity === peer.identity) inbox.put({ type: "secrets" });
      }),
    );
  }

  /** Take in what has happened, then send what is due. False: the stream is over. */
  #handle(events: readonly Event[], peer: Peer): boolean {
    let changed = false;
    for (const event of events) {
      switch (event.type) {
        case "end":
          return false;
        case "request":
          changed = this.#take(event.request, peer) || changed;
          break;
        case "published":
          changed = true;
          this.#convergingSinceMs ??= event.atMs;
          break;
        case "secrets":
          changed = true;
          this.#secrets.clear();
          this.#secretsAreOld = true;
          break;
        case "wake":
          break;
      }
    }
    if (changed) this.#wanted = computeWanted(this.#state, this.#source(peer));
    this.#send();
    return true;
  }

  /** What a proxy holds, or is about to. */
  #lastGood(type: TypeUrl, name: string): EncodedResource | undefined {
    return ofType(this.#state, type).entries.get(name)?.held?.resource ?? this.#wanted.get(type)?.get(name)?.resource;
  }

  #source(peer: Peer) {
    return {
      snapshot: this.#snapshotFor(peer),
      translator: this.#translator,
      proxy: peer.proxy,
      fullTable: () => this.#deps.learned.isFull(peer.workload),
      secret: (name: string, heldVersion: string | undefined) => {
        const known = this.#secrets.get(name);
        if (known !== undefined) return known;
        const secret = this.#deps.secrets.get(peer, name, this.#secretsAreOld ? undefined : heldVersion);
        if (secret !== undefined && secret !== "unchanged") this.#secrets.set(name, secret);
        return secret;
      },
    };
  }

  /**
   * The mesh of now, as long as the proxy's pod is in it. A pod may be deleted by force on a node that nobody reaches, and
   * serve on: its proxy keeps the mesh as it was, instead of losing all that it has.
   */
  #snapshotFor({ proxy }: Peer): Snapshot {
    const current = this.#deps.snapshots.current();
    if (this.#lastKnown === undefined || this.#translator.knows(current, proxy)) this.#lastKnown = current;
    return this.#lastKnown;
  }

  /** Whether the proxy now wants something else than before. */
  #take(request: DeltaRequest, peer: Peer): boolean {
    if (request.type === undefined) return false;
    const verdict = applyRequest(this.#state, request.type, request);
    noteHeard(this.#activity, this.#state, request.type, this.#deps.now());
    if (verdict.reason !== undefined) this.#logRefusal(verdict, verdict.reason, peer);
    if (peer.proxy.type === "sidecar") {
      const used = namesUsed(this.#state, this.#wanted, request, verdict);
      this.#deps.learned.remember(peer.workload, "virtualHosts", used.virtualHosts);
      this.#deps.learned.remember(peer.workload, "clusters", used.clusters);
    }
    return request.nonce === "" || request.subscribe.length > 0 || request.unsubscribe.length > 0;
  }

  #logRefusal({ type, refused }: Verdict, reason: string, peer: Peer): void {
    this.#deps.metrics.refused(type);
    const resources = refused.map(({ name, resource }) => ({ name, provenance: resource?.provenance ?? [] }));
    this.#deps.log.error(
      { proxy: peer.proxy.pod, namespace: peer.proxy.namespace, type: typeNames[type], resources, reason },
      "refused by Envoy",
    );
  }

  #send(): void {
    const deps = this.#deps;
    const now = deps.now();
    if (this.#writable) {
      for (const message of dueMessages(this.#state, this.#wanted, now)) {
        this.#write(message);
        deps.log.debug(
          {
            proxy: this.#peer?.proxy.pod,
            type: typeNames[message.type],
            put: message.resources.length,
            removed: message.removed.length,
            names: [...message.resources.map(({ name }) => name), ...message.removed].slice(0, loggedNames),
          },
          "pushed",
        );
        if (!this.#writable) break;
      }
    }
    this.#cancelWake?.();
    const { wakeAtMs, inFlight } = this.#state;
    this.#cancelWake =
      wakeAtMs === undefined
        ? undefined
        : deps.setTimer(Math.max(0, wakeAtMs - now), () => this.#inbox.put({ type: "wake" }));
    if (inFlight.size > 0 || wakeAtMs !== undefined || !this.#writable) return;
    if (this.#convergingSinceMs !== undefined && this.#sentSincePublished) {
      deps.metrics.converged(now - this.#convergingSinceMs);
    }
    this.#convergingSinceMs = undefined;
    this.#sentSincePublished = false;
  }

  #write(message: DeltaMessage): void {
    const bytes = encodeDeltaResponse(message);
    const { resources, removed } = message;
    noteSent(this.#activity, message.type, this.#deps.now());
    this.#deps.metrics.pushed(message.type, { sent: resources.length, removed: removed.length, bytes: bytes.length });
    this.#sentSincePublished = true;
    this.#writable = this.#call.write(bytes);
    if (this.#writable) return;
    this.#cancelSlow = this.#deps.setTimer(slowConsumerMs, () => {
      this.#deps.log.warn({ proxy: this.#peer?.proxy.pod }, "proxy does not read what it is sent");
      this.#fail(status.RESOURCE_EXHAUSTED, "The proxy does not read what it is sent");
      this.end();
    });
  }

  #fail(code: status, details: string): void {
    if (!this.#call.destroyed) this.#call.emit("error", { code, details });
  }

  #stop(): void {
    this.#aborted.abort();
    this.#cancelWake?.();
    this.#cancelSlow?.();
    for (const undo of this.#cleanUp) undo();
    this.#cleanUp.length = 0;
  }
}
