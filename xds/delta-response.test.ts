import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DeltaDiscoveryResponseSchema } from "../envoy/proto/envoy/service/discovery/v3/discovery_pb.ts";
import { type EncodedResource, typeUrls } from "../envoy/resource.ts";
import { encodeDeltaResponse } from "./delta-response.ts";

const type = typeUrls.cluster;
const text = fc.string({ unit: "binary", maxLength: 300 });
const resource = fc.record({
  name: text,
  version: text,
  bytes: fc.uint8Array({ maxLength: 20_000, size: "max" }),
});

test("encodeDeltaResponse() writes what the generated decoder reads", () => {
  const anyResponse = fc.record({
    resources: fc.array(fc.tuple(resource, fc.array(text), fc.boolean())),
    removed: fc.array(text),
    nonce: text,
  });
  fc.assert(
    fc.property(anyResponse, ({ resources, removed, nonce }) => {
      const items = resources.map(([{ name, version, bytes }, aliases, hasBody]) => {
        const encoded: EncodedResource = { type, name, version, bytes, needs: [], provenance: [] };
        return { name, version, aliases, resource: hasBody ? encoded : undefined };
      });
      const message = { type, nonce, resources: items, removed };
      // Twice, because the second time comes from what the first one remembered.
      for (const bytes of [encodeDeltaResponse(message), encodeDeltaResponse(message)]) {
        const decoded = fromBinary(DeltaDiscoveryResponseSchema, bytes);
        expect({ nonce: decoded.nonce, type: decoded.typeUrl, removed: decoded.removedResources }).toEqual({
          nonce,
          type,
          removed,
        });
        expect(decoded.resources.length).toBe(items.length);
        for (const [i, item] of items.entries()) {
          const got = decoded.resources[i];
          expect([got?.name, got?.version, got?.aliases]).toEqual([item.name, item.version, item.aliases]);
          expect(got?.resource?.typeUrl).toBe(item.resource && type);
          if (item.resource)
            expect(Buffer.from(item.resource.bytes).equals(got?.resource?.value ?? Buffer.of(1, 2, 3))).toBe(true);
        }
      }
    }),
    { numRuns: 50 },
  );
});
