// Typed extensions of Envoy: a name, and a message packed into an Any.
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";

/** A message as Any. */
export function pack<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Any {
  return anyPack(schema, create(schema, init));
}

/** A filter, a transport socket, an access log: whatever has a name and a typed_config. */
export interface NamedExtension {
  readonly name: string;
  readonly configType: { readonly case: "typedConfig"; readonly value: Any };
}

/** An extension by its well-known name. */
export function extension<D extends DescMessage>(name: string, schema: D, init: MessageInitShape<D>): NamedExtension {
  return { name, configType: { case: "typedConfig", value: pack(schema, init) } };
}
