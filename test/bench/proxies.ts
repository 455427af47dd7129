// Many proxies in one process of their own, so that their work does not count as the control plane's. Each asks as Envoy does:
// for everything of the wildcard types, for what these name, and for the hosts that its application calls.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from "../../envoy/proto/envoy/service/discovery/v3/discovery_pb.ts";
import { type TypeUrl, typeUrls } from "../../envoy/resource.ts";

/** What the parent process says: where to connect to, and who each proxy is. */
export interface ProxiesTask {
  readonly port: number;
  readonly proxies: readonly { readonly nodeId: string; readonly hosts: readonly string[] }[];
}

type Request = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;
type Stream = ClientDuplexStream<Request, DeltaDiscoveryResponse>;

const method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

process.on("message", ({ port, proxies }: ProxiesTask) => {
  for (const { nodeId, hosts } of proxies) connect(port, nodeId, hosts);
  process.send?.("connecting");
});

function connect(port: number, nodeId: string, hosts: readonly string[]): void {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const call: Stream = client.makeBidiStreamRequest(
    method,
    (request: Request) =>
      Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request))),
    (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
  );
  const asked = new Set<string>();
  const ask = (typeUrl: TypeUrl, names: readonly string[]): void => {
    const fresh = names.filter((name) => !asked.has(`${typeUrl} ${name}`));
    for (const name of fresh) asked.add(`${typeUrl} ${name}`);
    if (fresh.length > 0) call.write({ typeUrl, resourceNamesSubscribe: fresh });
  };
  call.on("data", ({ typeUrl, nonce, resources }: DeltaDiscoveryResponse) => {
    call.write({ typeUrl, responseNonce: nonce });
    const names = resources.map(({ name }) => name);
    if (typeUrl === typeUrls.cluster) {
      ask(
        typeUrls.endpoints,
        names.filter((name) => name.startsWith("outbound|")),
      );
      ask(typeUrls.secret, ["default", "ROOTCA"]);
    }
    if (typeUrl === typeUrls.listener) {
      const ports = names.flatMap((name) => /^0\.0\.0\.0_(\d+)$/.exec(name)?.[1] ?? []);
      ask(
        typeUrls.route,
        ports.flatMap((number) => [number, `${number}~external`]),
      );
    }
    if (typeUrl === typeUrls.route) ask(typeUrls.virtualHost, hosts);
    if (typeUrl === typeUrls.virtualHost) process.send?.("virtual hosts");
  });
  call.on("error", (error) => {
    throw error;
  });
  call.write({ node: { id: nodeId }, typeUrl: typeUrls.cluster });
  call.write({ typeUrl: typeUrls.listener });
}
