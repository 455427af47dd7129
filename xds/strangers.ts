// Who has not been let in yet costs little: of a stream one request is read until the server answers it, and of the
// streams of one address only a few are read at a time. What waits stays with its sender.
import { ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from "@grpc/grpc-js";

/** Streams of one address whose first request may be in memory at a time. Proxies behind a translated address take turns. */
export const maximumStrangers = 4;

/** An interceptor that keeps to this. A stream is let in by its first headers, which the session sends. */
export function guardAgainstStrangers(): ServerInterceptor {
  const places = new Places();
  return (_method, call) => new Stranger(call, places);
}

/** Turns of those who come from one address. */
class Places {
  readonly #taken = new Map<string, Set<Stranger>>();
  readonly #waiting = new Map<string, Set<Stranger>>();

  /** Calls `read` of the stranger, now or when it is its turn. */
  enter(stranger: Stranger): void {
    const taken = this.#taken.get(stranger.address) ?? new Set();
    const isFull = taken.size >= maximumStrangers;
    if (!isFull) this.#taken.set(stranger.address, taken.add(stranger));
    else this.#waiting.set(stranger.address, (this.#waiting.get(stranger.address) ?? new Set()).add(stranger));
    if (!isFull) stranger.read();
  }

  /** Again is no harm. */
  leave(stranger: Stranger): void {
    const { address } = stranger;
    const waiting = this.#waiting.get(address);
    waiting?.delete(stranger);
    if (waiting?.size === 0) this.#waiting.delete(address);
    const taken = this.#taken.get(address);
    if (taken?.delete(stranger) !== true) return;
    if (taken.size === 0) this.#taken.delete(address);
    const [next] = waiting ?? [];
    if (next === undefined) return;
    this.leave(next);
    this.enter(next);
  }
}

class Stranger extends ServerInterceptingCall {
  readonly address: string;
  readonly #call: ServerInterceptingCallInterface;
  readonly #places: Places;
  #state: "new" | "heard" | "known" = "new";
  /** A request is wanted that may not be read yet. */
  #isHeld = false;

  constructor(call: ServerInterceptingCallInterface, places: Places) {
    super(call, {
      start: (next) => next({ onCancel: () => places.leave(this) }),
      sendMetadata: (metadata, next) => {
        this.#letIn();
        next(metadata);
      },
      sendStatus: (answer, next) => {
        places.leave(this);
        next(answer);
      },
    });
    this.#call = call;
    this.#places = places;
    this.address = call.getConnectionInfo().remoteAddress ?? "";
  }

  override startRead(): void {
    if (this.#state === "known") this.read();
    else if (this.#state === "heard") this.#isHeld = true;
    else {
      this.#state = "heard";
      this.#places.enter(this);
    }
  }

  read(): void {
    this.#call.startRead();
  }

  #letIn(): void {
    this.#state = "known";
    this.#places.leave(this);
    if (this.#isHeld) this.read();
    this.#isHeld = false;
  }
}
