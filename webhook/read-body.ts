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

/** The whole body as text. @throws {BodyTooLarge}, or an error with status 400 where the client went away. */
export async function readBody(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes <= bodyLimitBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (sizeBytes > patienceBytes) break; // which destroys the stream
    }
  } catch (cause) {
    throw new BodyCutOff(undefined, { cause });
  }
  if (sizeBytes > bodyLimitBytes) throw new BodyTooLarge();
  return Buffer.concat(chunks).toString("utf8");
}
