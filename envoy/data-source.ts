// Where Envoy reads a certificate or a key from.
import { create } from "@bufbuild/protobuf";
import { type DataSource, DataSourceSchema } from "./proto/envoy/config/core/v3/base_pb.ts";

/** A file in the proxy's container. */
export function file(path: string): DataSource {
  return create(DataSourceSchema, { specifier: { case: "filename", value: path } });
}
