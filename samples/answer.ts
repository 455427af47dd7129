/** The few ways in which the sample servers answer, and how they read a body. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** Answers with `value` as JSON, one field a line so that people can read and grep it. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers?: OutgoingHttpHeaders,
): void {
  send(response, status, "application/json", `${JSON.stringify(value, undefined, 2)}\n`, headers);
}

/** Answers with plain text. */
export function sendText(response: ServerResponse, status: number, text: string, headers?: OutgoingHttpHeaders): void {
  send(response, status, "text/plain; charset=utf-8", text, headers);
}

/** Answers with a body of any type and its length, so that HTTP/1.0 clients can keep the connection too. */
export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders = {},
): void {
  // These two have no body, and a length would promise one.
  if (status === 204 || status === 304) {
    response.writeHead(status, headers).end();
    return;
  }
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  response.writeHead(status, { "content-type": type, "content-length": bytes.length, ...headers });
  response.end(bytes);
}

/** The whole body of a request. @throws Error when it is longer than `limitBytes`. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > limitBytes) throw new Error(`the body is longer than ${limitBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
