// What a session works with: who may connect, what they get, and who is told.
import type { status } from "@grpc/grpc-js";
import type { BaseLogger } from "pino";
import type { EncodedResource, ProxyNode } from "../envoy/resource.ts";
import type { Translator } from "../envoy/translator.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { LearnedHosts } from "./learned.ts";
import type { XdsMetrics } from "./metrics.ts";

/** Who is at the other end of a stream. */
export type Authentication =
  | {
      readonly ok: true;
      readonly proxy: ProxyNode;
      /** SPIFFE ID. */
      readonly identity: string;
      /** "namespace/owner": proxies of one workload learn from one another. */
      readonly workload: string;
    }
  | { readonly ok: false; readonly code: status; readonly reason: string };

/** What a stream claims. */
export interface Credentials {
  /** Without "Bearer ". */
  readonly token: string | undefined;
  /** "sidecar~IP~POD.NAMESPACE~DOMAIN". */
  readonly nodeId: string;
  /** The stream came in over TLS; over plain text only on the loopback interface. */
  readonly encrypted: boolean;
}

/** Keys and roots of one proxy. */
export interface Secrets {
  /** "unchanged": the version that the proxy holds is good for now. Undefined: there is no such secret. */
  get(
    owner: { readonly proxy: ProxyNode; readonly identity: string },
    name: string,
    heldVersion: string | undefined,
  ): EncodedResource | "unchanged" | undefined;
  /** Calls back when secrets of that identity, or (undefined) of all, have to be asked for again. Returns the way to stop. */
  subscribe(listener: (identity: string | undefined) => void): () => void;
}

/** What happens next, and what has happened so far. */
export interface Snapshots {
  current(): Snapshot;
  /** Calls back after every publication. Returns the way to stop. */
  subscribe(listener: () => void): () => void;
}

export interface SessionDeps {
  readonly translator: Translator;
  readonly snapshots: Snapshots;
  readonly secrets: Secrets;
  readonly authenticate: (credentials: Credentials, signal: AbortSignal) => Promise<Authentication>;
  readonly learned: LearnedHosts;
  readonly metrics: XdsMetrics;
  readonly log: Pick<BaseLogger, "debug" | "info" | "warn" | "error">;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Calls `run` once after `ms`. Returns the way to stop. */
  readonly setTimer: (ms: number, run: () => void) => () => void;
}
