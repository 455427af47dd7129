import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import type { ServerTls } from "../api/gateway.ts";
import { buildSnapshot } from "../model/build.ts";
import { emptyWorld } from "../model/world.ts";
import { serverTls } from "./gateway-tls.ts";
import { CertificateValidationContext_TrustChainVerification as Chain } from "./proto/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { DownstreamTlsContextSchema } from "./proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";

const files = { serverCertificate: "/tls.crt", privateKey: "/tls.key", caCertificates: "/ca.crt" };

function contextOf(tls: ServerTls, content: "http" | "tcp") {
  const { configType } = serverTls(tls, content)?.(buildSnapshot(emptyWorld()).mesh) ?? {};
  return configType?.value === undefined ? undefined : anyUnpack(configType.value, DownstreamTlsContextSchema);
}

test.each<{ name: string; tls: ServerTls; content: "http" | "tcp"; want: readonly string[] }>([
  { name: "requests", tls: { mode: "SIMPLE", ...files }, content: "http", want: ["h2", "http/1.1"] },
  { name: "bytes", tls: { mode: "SIMPLE", ...files }, content: "tcp", want: [] },
  { name: "requests over the mesh's TLS", tls: { mode: "ISTIO_MUTUAL" }, content: "http", want: ["h2", "http/1.1"] },
  { name: "bytes over the mesh's TLS", tls: { mode: "ISTIO_MUTUAL" }, content: "tcp", want: [] },
])("serverTls() offers protocols for $name", ({ tls, content, want }) => {
  expect(contextOf(tls, content)?.commonTlsContext?.alpnProtocols).toEqual(want);
});

test.each([
  { insecureSkipVerify: undefined, want: Chain.VERIFY_TRUST_CHAIN },
  { insecureSkipVerify: true, want: Chain.ACCEPT_UNTRUSTED },
])("serverTls() checks callers' certificates unless insecureSkipVerify: $insecureSkipVerify", (given) => {
  const skip = given.insecureSkipVerify === undefined ? {} : { insecureSkipVerify: given.insecureSkipVerify };
  const validation = contextOf({ mode: "MUTUAL", ...files, ...skip }, "http")?.commonTlsContext?.validationContextType;
  expect(validation?.case === "validationContext" && validation.value.trustChainVerification).toBe(given.want);
});
