// The wire form of a DeltaDiscoveryResponse, put together around resources that are encoded already.
// Generated code would copy and re-encode every resource for every proxy; here the bytes of a resource are made once.
// @see https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/service/discovery/v3/discovery.proto
import type { EncodedResource, TypeUrl } from "../envoy/resource.ts";

/** One resource of a response. */
export interface DeltaResource {
  readonly name: string;
  readonly version: string;
  /** Other names by which the proxy asked for it. */
  readonly aliases: readonly string[];
  /** Nothing: "there is no such thing", said to a question about a virtual host. */
  readonly resource: EncodedResource | undefined;
}

/** A response before it is bytes. */
export interface DeltaMessage {
  readonly type: TypeUrl;
  readonly nonce: string;
  readonly resources: readonly DeltaResource[];
  readonly removed: readonly string[];
}

/** Field numbers: DeltaDiscoveryResponse, Resource, google.protobuf.Any. All of them are length-delimited. */
const fields = {
  response: { resources: 2, typeUrl: 4, nonce: 5, removedResources: 6 },
  resource: { version: 1, resource: 2, name: 3, aliases: 4 },
  any: { typeUrl: 1, value: 2 },
} as const;

/** The message that travels; the bytes of resources are shared with other messages, never changed. */
export function encodeDeltaResponse(message: DeltaMessage): Buffer {
  const parts: Uint8Array[] = [];
  for (const item of message.resources) {
    const known = bodyOf(item);
    const aliases = item.aliases.flatMap((alias) => text(fields.resource.aliases, alias));
    parts.push(header(fields.response.resources, sizeOf(known) + sizeOf(aliases)), ...known, ...aliases);
  }
  parts.push(...text(fields.response.typeUrl, message.type), ...text(fields.response.nonce, message.nonce));
  for (const name of message.removed) parts.push(...text(fields.response.removedResources, name));
  return Buffer.concat(parts);
}

/** About how many bytes this resource adds to a message. */
export function sizeInMessage(item: DeltaResource): number {
  return (item.resource?.bytes.length ?? 0) + item.aliases.reduce((sum, alias) => sum + alias.length, 200);
}

const bodies = new WeakMap<EncodedResource, readonly Uint8Array[]>();

/** Everything of a Resource but its aliases. */
function bodyOf(item: DeltaResource): readonly Uint8Array[] {
  const { resource } = item;
  const named = [...text(fields.resource.name, item.name), ...text(fields.resource.version, item.version)];
  if (resource === undefined) return named;
  const known = bodies.get(resource);
  if (known !== undefined) return known;
  const any = [...text(fields.any.typeUrl, resource.type), header(fields.any.value, resource.bytes.length)];
  const parts = [
    Buffer.concat([...named, header(fields.resource.resource, sizeOf(any) + resource.bytes.length), ...any]),
    resource.bytes,
  ];
  bodies.set(resource, parts);
  return parts;
}

/** Key (field number, wire type 2) and length. */
function header(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2];
  let rest = length;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function text(field: number, value: string): [Uint8Array, Uint8Array] {
  const bytes = Buffer.from(value, "utf8");
  return [header(field, bytes.length), bytes];
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
