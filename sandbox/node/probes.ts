// The kubelet's probes, asked from the node's own network as a kubelet does.
// @see https://kubernetes.io/docs/concepts/workloads/pods/probes/
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as requestTls } from "node:https";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { HttpAction, ProbeSpec } from "../objects.ts";

/** What a probe is asked of. */
export interface Probed {
  readonly address: string;
  /** Gives the exit code of a command in the container. */
  exec(argv: readonly string[], timeoutMs: number): Promise<number>;
}

/** Until the first success a probe is asked more often than its period says, so that a start is not slower than the pod. */
const eagerPeriodMs = 100;

/**
 * Ask the probe until the signal ends it, and tell each change: `true` after successThreshold successes in a row, `false`
 * after failureThreshold failures.
 */
export async function watchProbe(
  probe: ProbeSpec,
  probed: Probed,
  tell: (healthy: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const periodMs = (probe.periodSeconds ?? 10) * 1_000;
  let healthy: boolean | undefined;
  let streak = 0;
  let last: boolean | undefined;
  try {
    await delay((probe.initialDelaySeconds ?? 0) * 1_000, undefined, { signal });
    while (!signal.aborted) {
      const success = await askProbe(probe, probed);
      if (signal.aborted) return;
      streak = success === last ? streak + 1 : 1;
      last = success;
      // Failures before the first success count in whole periods, however often it was asked.
      const failuresWanted =
        (probe.failureThreshold ?? 3) * (healthy === undefined ? Math.max(1, periodMs / eagerPeriodMs) : 1);
      const wanted = success ? (probe.successThreshold ?? 1) : failuresWanted;
      if (streak >= wanted && healthy !== success) {
        healthy = success;
        tell(success);
      }
      await delay(healthy === true ? periodMs : Math.min(eagerPeriodMs, periodMs), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Whether the probe succeeds now. */
export async function askProbe(probe: ProbeSpec, probed: Probed): Promise<boolean> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1_000;
  if (probe.httpGet) return askHttp(probe.httpGet, probed.address, timeoutMs);
  if (probe.tcpSocket) return askTcp(probe.tcpSocket.host ?? probed.address, Number(probe.tcpSocket.port), timeoutMs);
  if (probe.grpc) return askGrpc(probed.address, probe.grpc.port, probe.grpc.service ?? "", timeoutMs);
  if (probe.exec) return (await probed.exec(probe.exec.command, timeoutMs)) === 0;
  return true;
}

/** Status 200 to 399 is a success; certificates are not verified. */
export async function askHttp(action: HttpAction, address: string, timeoutMs: number): Promise<boolean> {
  const tls = action.scheme?.toUpperCase() === "HTTPS";
  const given = (action.httpHeaders ?? []).map(({ name, value }) => [name, value] as const);
  const options = {
    host: action.host ?? address,
    port: Number(action.port),
    path: action.path ?? "/",
    headers: { "user-agent": "kube-probe/1.34", accept: "*/*", connection: "close", ...Object.fromEntries(given) },
    agent: false,
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(timeoutMs),
  } as const;
  return new Promise((resolve) => {
    const call = (tls ? requestTls : request)(options, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
    });
    call.on("error", () => resolve(false));
    call.end();
  });
}

async function askTcp(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (result: boolean) => (): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}

/** grpc.health.v1.Health/Check: the request has the service as field 1, the answer the status as field 1, SERVING is 1. */
async function askGrpc(address: string, port: number, service: string, timeoutMs: number): Promise<boolean> {
  const name = Buffer.from(service, "utf8");
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([10, name.length]), name]);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  return new Promise((resolve) => {
    const session = connectHttp2(`http://${address}:${port}`);
    const end = (result: boolean): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    session.on("error", () => end(false));
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => end(false));
    stream.on("end", () => {
      const answer = Buffer.concat(chunks);
      end(answer[5] === 8 && answer[6] === 1);
    });
    stream.end(frame);
  });
}
