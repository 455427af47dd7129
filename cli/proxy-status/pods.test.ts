import { expect, test } from "vitest";
import type { JsonObject } from "../../injector/json.ts";
import { expectedProxy } from "./pods.ts";

const annotations = { "sidecar.istio.io/status": "{}", "istio.io/rev": "default" };
const running = [{ name: "istio-proxy", restartCount: 0, state: { running: {} } }];
const waiting = [{ name: "istio-proxy", restartCount: 0, state: { waiting: {} } }];
const crashing = [{ name: "istio-proxy", restartCount: 3, state: { waiting: {} } }];

const pod = (metadata: JsonObject, status: JsonObject): JsonObject => ({
  metadata: { name: "web-1", namespace: "shop", annotations, ...metadata },
  status,
});

test.each([
  { name: "a proxy runs beside the application", given: pod({}, { containerStatuses: running }), want: "web-1.shop" },
  { name: "a proxy runs before the others", given: pod({}, { initContainerStatuses: running }), want: "web-1.shop" },
  { name: "a proxy ends again and again", given: pod({}, { initContainerStatuses: crashing }), want: "web-1.shop" },
  { name: "a proxy has not started", given: pod({}, { initContainerStatuses: waiting }), want: undefined },
  { name: "a pod goes", given: pod({ deletionTimestamp: "now" }, { containerStatuses: running }), want: undefined },
  { name: "a pod was not injected", given: pod({ annotations: {} }, { containerStatuses: running }), want: undefined },
  {
    name: "another control plane injected it",
    given: pod({ annotations: { ...annotations, "istio.io/rev": "canary" } }, { containerStatuses: running }),
    want: undefined,
  },
])("expectedProxy() gives $want when $name", ({ given, want }) => {
  expect(expectedProxy(given, new Set(["default"]))).toBe(want);
});
