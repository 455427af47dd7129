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

/** The whole body as text. Rejects with BodyTooLarge, or with an error of status 400 where the client went away. */
export function readBody(stream: Readable): Promise<string> {
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
      if (sizeBytes > bodyLimitBytes) reject(new BodyTooLarge());
      else resolve(Buffer.concat(chunks).toString("utf8"));
    });
    const cutOff = (cause?: unknown): void => reject(new BodyCutOff(undefined, { cause }));
    // Every stream closes; an error for one that had ended would be made for nobody.
    stream.once("error", cutOff).once("close", () => stream.readableEnded || cutOff());
  });
}
