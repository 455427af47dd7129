import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { pod, shop } from "../../model/testing/shop.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { tlsToPlain } from "../destination-rule/strict-workloads.ts";
import { reviewBy } from "../review.ts";
import { plainBehindTls, strictBehindTls } from "./called-workloads.ts";

const peer = (name: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name.split("/")[1]}, namespace: ${name.split("/")[0]} }
spec: { ${spec} }`;
const calling = (policy: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ratings, namespace: shop }
spec: { host: ratings, ${policy} }`;
const mode = (name: string) => `trafficPolicy: { tls: { mode: ${name} } }`;
const ratings = "selector: { matchLabels: { app: ratings } }";
const mtls = (name: string) => `mtls: { mode: ${name} }`;
/** Without a proxy of its own. */
const bare = pod("ratings-1", "ratings", "10.1.1.1")
  .replace(", security.istio.io/tlsMode: istio", "")
  .replace(/\n.*istio-proxy.*\n/, "\n");

const found = (rules: Parameters<typeof reviewBy>[0], candidate: string, ...stored: readonly string[]) => {
  const world = worldOf(...shop, ...stored);
  return reviewBy(rules, objectOf(candidate), world, buildSnapshot(world)).map(({ code, path }) => `${code} ${path}`);
};
const strict = ["PIL3011 spec.mtls.mode"];
const plain = ["PIL3026 spec"];

test.each([
  { name: "STRICT, called in plain text", given: ["shop/a", mtls("STRICT")], policy: mode("DISABLE"), want: strict },
  { name: "STRICT for the mesh", given: ["istio-system/a", mtls("STRICT")], policy: mode("SIMPLE"), want: strict },
  {
    name: "STRICT on the port",
    given: ["shop/a", `${ratings}, ${mtls("STRICT")}`],
    policy: "trafficPolicy: { portLevelSettings: [{ port: { number: 9080 }, tls: { mode: DISABLE } }] }",
    want: strict,
  },
  { name: "DISABLE, called with TLS", given: ["shop/a", mtls("DISABLE")], policy: mode("ISTIO_MUTUAL"), want: plain },
  {
    name: "DISABLE on the pod's port",
    given: ["shop/a", `${ratings}, portLevelMtls: { "8080": { mode: DISABLE } }`],
    policy: mode("ISTIO_MUTUAL"),
    want: plain,
  },
  { name: "STRICT, called with TLS", given: ["shop/a", mtls("STRICT")], policy: mode("ISTIO_MUTUAL"), want: [] },
  { name: "STRICT elsewhere", given: ["web/a", mtls("STRICT")], policy: mode("DISABLE"), want: [] },
  {
    name: "STRICT for other pods",
    given: ["shop/a", `selector: { matchLabels: { app: reviews } }, ${mtls("STRICT")}`],
    policy: mode("DISABLE"),
    want: [],
  },
  {
    name: "STRICT on a port that is not called",
    given: ["shop/a", `${ratings}, ${mtls("PERMISSIVE")}, portLevelMtls: { "9999": { mode: STRICT } }`],
    policy: mode("DISABLE"),
    want: [],
  },
  { name: "PERMISSIVE", given: ["shop/a", mtls("PERMISSIVE")], policy: mode("DISABLE"), want: [] },
  {
    name: "DISABLE without rules about TLS",
    given: ["shop/a", mtls("DISABLE")],
    policy: "trafficPolicy: {}",
    want: [],
  },
  {
    name: "DISABLE on another port",
    given: ["shop/a", `${ratings}, portLevelMtls: { "9999": { mode: DISABLE } }`],
    policy: mode("ISTIO_MUTUAL"),
    want: [],
  },
  { name: "no mode", given: ["shop/a", "mtls: {}"], policy: mode("ISTIO_MUTUAL"), want: [] },
])("review() judges a PeerAuthentication: $name", ({ given: [name = "", spec = ""], policy, want }) => {
  expect(found([strictBehindTls, plainBehindTls], peer(name, spec), calling(policy))).toEqual(want);
});

test("strictBehindTls leaves pods alone that have a setting of their own", () => {
  const own = peer("shop/own", `${ratings}, ${mtls("PERMISSIVE")}`);
  expect(found([strictBehindTls], peer("shop/a", mtls("STRICT")), calling(mode("DISABLE")), own)).toEqual([]);
});

const asks = ["PIL3025 spec.trafficPolicy.tls.mode"];
test.each([
  { name: "a pod without proxy", policy: mode("ISTIO_MUTUAL"), stored: [bare], want: asks },
  {
    name: "a pod that is to speak plain text",
    policy: mode("ISTIO_MUTUAL"),
    stored: [peer("shop/a", mtls("DISABLE"))],
    want: asks,
  },
  {
    name: "a port in plain text",
    policy: "trafficPolicy: { portLevelSettings: [{ port: { number: 9080 }, tls: { mode: ISTIO_MUTUAL } }] }",
    stored: [bare],
    want: ["PIL3025 spec.trafficPolicy.portLevelSettings[0].tls.mode"],
  },
  { name: "pods with proxies", policy: mode("ISTIO_MUTUAL"), stored: [], want: [] },
  { name: "another mode", policy: mode("DISABLE"), stored: [bare], want: [] },
  {
    name: "other labels",
    policy: "subsets: [{ name: v2, labels: { version: v2 }, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }]",
    stored: [bare],
    want: [],
  },
  {
    name: "another port",
    policy: "trafficPolicy: { portLevelSettings: [{ port: { number: 9081 }, tls: { mode: ISTIO_MUTUAL } }] }",
    stored: [bare],
    want: [],
  },
])("tlsToPlain judges $name", ({ policy, stored, want }) => {
  expect(found([tlsToPlain], calling(policy), ...stored)).toEqual(want);
});
