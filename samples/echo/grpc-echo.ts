/**
 * The gRPC service `pillion.echo.v1.Echo` with one method, `Call`, whose messages are plain UTF-8 text instead of
 * protobuf, and `grpc.health.v1.Health/Check`. Metadata `x-abort: 14` makes a call fail with that code.
 */
import {
  type handleUnaryCall,
  Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import type { Listening } from "../serve.ts";
import type { EchoIdentity } from "./http-echo.ts";

type Unary = handleUnaryCall<Buffer, Buffer>;

const asIs = (bytes: Buffer): Buffer => bytes;
const unary = (path: string) => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});

/** The echo service: text in, text out. */
export const echoService = { call: unary("/pillion.echo.v1.Echo/Call") } satisfies ServiceDefinition;
/** The part of the health service that probes use. */
export const healthService = { check: unary("/grpc.health.v1.Health/Check") } satisfies ServiceDefinition;

/** A client class for {@link echoService} and {@link healthService}. */
export const EchoClient = makeGenericClientConstructor({ ...echoService, ...healthService }, "Echo");

/** HealthCheckResponse{status: SERVING}, the whole of it: field 1, a varint, 1. */
const serving = Buffer.from([0x08, 0x01]);

/** A server that is not bound yet. */
export function createGrpcEchoServer(identity: EchoIdentity): Server {
  const server = new Server();
  const call: Unary = (unaryCall, answer) => {
    const { request, metadata } = unaryCall;
    const code = Number(metadata.get("x-abort")[0] ?? 0);
    if (code !== 0) return answer(abort(code));
    const { pod, version } = identity;
    const seen = { pod, version, message: request.toString(), metadata: metadata.getMap(), peer: unaryCall.getPeer() };
    return answer(null, Buffer.from(JSON.stringify(seen)));
  };
  const check: Unary = (_call, answer) => answer(null, serving);
  server.addService(echoService, { call });
  server.addService(healthService, { check });
  return server;
}

/** Binds a gRPC server in plain text on all addresses; rejects when the port is in use. */
export async function listenGrpc(server: Server, port: number): Promise<Listening> {
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`0.0.0.0:${port}`, ServerCredentials.createInsecure(), (error, taken) =>
      error === null ? resolve(taken) : reject(error),
    );
  });
  return { port: bound, close: () => new Promise((resolve) => server.tryShutdown(() => resolve())) };
}

function abort(code: number): Partial<ServiceError> {
  return { code, details: `the caller asked for ${status[code] ?? "an unknown code"}`, metadata: new Metadata() };
}
