/** How one bookinfo service asks another: one GET, one time-out for all of it, and a failure as a value. */
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { readBody } from "../answer.ts";

/** What came back. A failure has the status that the caller may pass on: 504 after the time-out, 503 when nobody answered. */
export type Answer =
  | { readonly kind: "ok"; readonly body: unknown; readonly headers: IncomingHttpHeaders }
  | { readonly kind: "failed"; readonly status: number; readonly problem: string };

/** Longest answer that is read. */
const limitBytes = 1024 * 1024;

/** Asks `url` and gives the JSON of a 200, or says what went wrong. Never rejects. */
export async function askJson(
  url: string,
  options: { headers: OutgoingHttpHeaders; timeoutMs: number },
): Promise<Answer> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    const { status, headers, text } = await get(url, options.headers, signal);
    if (status !== 200) return { kind: "failed", status, problem: `it answered ${status}` };
    return { kind: "ok", body: JSON.parse(text), headers };
  } catch (error) {
    if (signal.aborted) return { kind: "failed", status: 504, problem: `no answer within ${options.timeoutMs} ms` };
    return { kind: "failed", status: 503, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A new connection for every call: with a kept one, a sidecar that closes it at the wrong moment would cost a request. */
function get(
  url: string,
  headers: OutgoingHttpHeaders,
  signal: AbortSignal,
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, signal, agent: false }, (response) => {
      readBody(response, limitBytes).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: body.toString() }),
        reject,
      );
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
