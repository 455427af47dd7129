import { expect, test } from "vitest";
import { readOptions } from "./options.ts";
import { podReport } from "./pod-findings.ts";
import { defaultSettings } from "./settings.ts";

/** What is said about a pod with this annotation, as `CODE severity problem`. */
function said(name: string, value: string): readonly string[] {
  const report = podReport({ kind: "Pod", namespace: "shop", name: "web" });
  readOptions({ metadata: { annotations: {} } }, defaultSettings, report); // which must not be remembered for the next
  readOptions({ metadata: { annotations: { [name]: value } } }, defaultSettings, report);
  return report.findings.map(({ code, severity, problem }) => `${code} ${severity} ${problem}`);
}

test.each([
  "sidecar.istio.io/agentLogLevel",
  "sidecar.istio.io/bootstrapOverride",
  "sidecar.istio.io/proxyImageType",
  "sidecar.istio.io/capNetBindService",
  "sidecar.istio.io/extraStatTags",
  "sidecar.istio.io/statsHistogramBuckets",
  "readiness.status.sidecar.istio.io/applicationPorts",
])("readOptions() says that %s has no effect", (name) => {
  expect(said(name, "x")).toEqual([`PIL5004 warning annotation ${name} has no effect`]);
});

const networks = "k8s.v1.cni.cncf.io/networks";

test.each(["istio-cni", "default/istio-cni", "other, kube-system/istio-cni@net1", '[{"name": "istio-cni"}]'])(
  "readOptions() says that a network %s has no effect",
  (value) => {
    expect(said(networks, value)).toEqual([`PIL5004 warning field istio-cni of annotation ${networks} has no effect`]);
  },
);

test.each(["other", "not-istio-cni", '[{"name": "alt_cni"}, {"name": "istio-cni-2"}]'])(
  "readOptions() has nothing to say about the network %s",
  (value) => {
    expect(said(networks, value)).toEqual([]);
  },
);
