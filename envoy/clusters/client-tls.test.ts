import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import type { ClientTls } from "../../api/traffic-policy.ts";
import { UpstreamTlsContextSchema } from "../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { clientTls } from "./client-tls.ts";

const system = "/etc/ssl/certs/ca-certificates.crt";

/** File of the roots, and the names that the server may have; undefined: it is not checked. */
function checksOf(tls: Omit<ClientTls, "mode">, host: string) {
  const { configType } = clientTls({ mode: "SIMPLE", ...tls }, host, []);
  const socket = configType.value === undefined ? undefined : anyUnpack(configType.value, UpstreamTlsContextSchema);
  const context = socket?.commonTlsContext?.validationContextType;
  if (context?.case !== "validationContext") return undefined;
  const { trustedCa, matchTypedSubjectAltNames } = context.value;
  return [trustedCa?.specifier.value, ...matchTypedSubjectAltNames.map(({ matcher }) => matcher?.matchPattern.value)];
}

test.each([
  { name: "nothing", tls: {}, want: [system, "api.example"] },
  { name: "nothing, for a wildcard", tls: {}, host: "*.example", want: [system] },
  { name: "roots", tls: { caCertificates: "/etc/roots.pem" }, want: ["/etc/roots.pem", "api.example"] },
  { name: "the system's roots", tls: { caCertificates: "system" }, want: [system, "api.example"] },
  { name: "a server name", tls: { sni: "other.example" }, want: [system] },
  { name: "alternative names", tls: { subjectAltNames: ["a.example"] }, want: [system, "a.example"] },
  { name: "that it need not", tls: { insecureSkipVerify: true }, want: undefined },
])("clientTls() checks the server where a rule says $name", ({ tls, host = "api.example", want }) => {
  expect(checksOf(tls, host)).toEqual(want);
});
