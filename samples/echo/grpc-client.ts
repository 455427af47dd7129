/**
 * Calls the gRPC echo: `grpc-client.js HOST:PORT [-m TEXT] [-H name:value] [-t SECONDS] [-health]`.
 * Prints `status 0 OK` and the answer, or the code and what the server or a proxy said; exits with the code.
 */
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { numberFlag, parseFlags } from "../flags.ts";
import { isMainModule } from "../serve.ts";
import { EchoClient } from "./grpc-echo.ts";

/** How to call. */
export interface GrpcCall {
  /** `host:port` */
  readonly target: string;
  /** Path of the method, by default the echo's. */
  readonly path?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long to wait for the answer, in milliseconds; default 5,000. */
  readonly timeoutMs?: number;
}

/** How a call ended. */
export interface GrpcResult {
  /** @see https://grpc.io/docs/guides/status-codes/ */
  readonly code: number;
  /** The code's name, `OK` or `UNAVAILABLE`. */
  readonly name: string;
  /** The answer, or for a failure what was said about it. */
  readonly text: string;
}

/** Path of the health check. */
export const healthPath = "/grpc.health.v1.Health/Check";

/** Makes one call on a connection of its own. Never rejects: failures have a code too. */
export function callGrpc(call: GrpcCall): Promise<GrpcResult> {
  const { target, path = "/pillion.echo.v1.Echo/Call", message = "", headers = {}, timeoutMs = 5000 } = call;
  const client = new EchoClient(target, credentials.createInsecure());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const asIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const finish = (error: ServiceError | null, answer?: Buffer): void => {
      client.close();
      const code = error === null ? status.OK : error.code;
      const text = error === null ? describeAnswer(path, answer) : error.details;
      resolve({ code, name: status[code] ?? "UNKNOWN", text });
    };
    const deadline = Date.now() + timeoutMs;
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(message), metadata, { deadline }, finish);
  });
}

function describeAnswer(path: string, answer: Buffer = Buffer.alloc(0)): string {
  if (path !== healthPath) return answer.toString();
  return answer.equals(Buffer.from([0x08, 0x01])) ? "SERVING" : "NOT SERVING";
}

if (isMainModule(import.meta.url)) {
  const flags = parseFlags(process.argv.slice(2), new Set(["health"]));
  const headers = Object.fromEntries(
    flags.all("H").map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const result = await callGrpc({
    target: flags.words[0] ?? "localhost:7070",
    message: flags.values.get("m") ?? "hello",
    headers,
    timeoutMs: numberFlag(flags, "t", 5) * 1000,
    ...(flags.values.has("health") ? { path: healthPath } : {}),
  });
  process.stdout.write(`status ${result.code} ${result.name}\n${result.text}\n`);
  process.exitCode = result.code;
}
