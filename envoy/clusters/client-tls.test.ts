import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import type { ClientTls } from "../../api/traffic-policy.ts";
import { UpstreamTlsContextSchema } from "../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { clientTls, type ForeignServer } from "./client-tls.ts";

const system = "/etc/ssl/certs/ca-certificates.crt";

/** File of the roots, and the names that the server may have; undefined: it is not checked. */
function checksOf(tls: Omit<ClientTls, "mode">, server: ForeignServer) {
  const { configType } = clientTls({ mode: "SIMPLE", ...tls }, server, []);
  const socket = configType.value === undefined ? undefined : anyUnpack(configType.value, UpstreamTlsContextSchema);
  const context = socket?.commonTlsContext?.validationContextType;
  if (context?.case !== "validationContext") return undefined;
  const { trustedCa, matchTypedSubjectAltNames } = context.value;
  return [trustedCa?.specifier.value, ...matchTypedSubjectAltNames.map(({ matcher }) => matcher?.matchPattern.value)];
}

interface Case {
  readonly name: string;
  readonly tls: Omit<ClientTls, "mode">;
  readonly host?: string;
  readonly entry?: readonly string[];
  readonly want: readonly string[] | undefined;
}

test.each<Case>([
  { name: "nothing", tls: {}, want: [system, "api.example"] },
  { name: "nothing, for a wildcard", tls: {}, host: "*.example", want: [system] },
  { name: "roots", tls: { caCertificates: "/etc/roots.pem" }, want: ["/etc/roots.pem", "api.example"] },
  { name: "the system's roots", tls: { caCertificates: "system" }, want: [system, "api.example"] },
  { name: "a server name", tls: { sni: "other.example" }, want: [system] },
  { name: "alternative names", tls: { subjectAltNames: ["a.example"] }, want: [system, "a.example"] },
  { name: "nothing, for an entry with names", tls: {}, entry: ["b.example"], want: [system, "b.example"] },
  {
    name: "a server name, for an entry with names",
    tls: { sni: "other.example" },
    entry: ["b.example"],
    want: [system, "b.example"],
  },
  {
    name: "alternative names, for an entry with others",
    tls: { subjectAltNames: ["a.example"] },
    entry: ["b.example"],
    want: [system, "a.example"],
  },
  { name: "that it need not", tls: { insecureSkipVerify: true }, want: undefined },
])("clientTls() checks the server where a rule says $name", ({ tls, host = "api.example", entry = [], want }) => {
  expect(checksOf(tls, { host, subjectAltNames: entry })).toEqual(want);
});
