// Reading a request's body. One that is too large is read to its end all the same, and forgotten: an answer to a client that
// still sends would be lost with its connection, and the client would see a reset instead of the reason.
import type { Readable } from "node:stream";

/** Largest body: controller-runtime's limit, well above what etcd stores. */
export const bodyLimitBytes = 7 * 1024 * 1024;
/** Nobody who means well sends so much; then the connection goes without an answer. */
const patienceBytes = 8 * bodyLimitBytes;

/** What fastify answers by. */
export class BodyTooLarge extends Error {
  readonly statusCode = 413;
}

class BodyCutOff extends Error {
  readonly statusCode = 400;
  override readonly message = "The request ended before its body did";
}

export interface BodyReader {
  /** The whole body as text. Rejects with BodyTooLarge, or with an error of status 400 where the client went away. */
  read(stream: Readable): Promise<string>;
  close(): void;
}

/**
 * Reads bodies that arrive within so many milliseconds, or a little more: one clock looks after all of them. The others are taken
 * off; nobody else notices it.
 */
export function bodyReader(arrivalMs: number): BodyReader {
  /** What still arrives, and how often the clock has seen it. */
  const arriving = new Map<Readable, number>();
  const clock = setInterval(() => {
    for (const [stream, seen] of arriving) {
      if (seen >= looks) stream.destroy();
      else arriving.set(stream, seen + 1);
    }
  }, arrivalMs / looks).unref();
  return {
    read: (stream) => {
      arriving.set(stream, 0);
      return wholeBody(stream, () => arriving.delete(stream));
    },
    close: () => clearInterval(clock),
  };
}

/** How often the clock looks while a body may arrive. */
const looks = 4;

function wholeBody(stream: Readable, over: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let sizeBytes = 0;
    stream.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= bodyLimitBytes) chunks.push(chunk);
      else chunks = [];
      if (sizeBytes > patienceBytes) stream.destroy();
    });
    stream.once("end", () => {
      over();
      if (sizeBytes > bodyLimitBytes) reject(new BodyTooLarge());
      else resolve((chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)).toString("utf8"));
    });
    const cutOff = (cause?: unknown): void => {
      over();
      reject(new BodyCutOff(undefined, { cause }));
    };
    // Every stream closes; an error for one that had ended would be made for nobody.
    stream.once("error", cutOff).once("close", () => stream.readableEnded || cutOff());
  });
}
