import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { annotationValues, misplacedAnnotations, oldAnnotations, unknownAnnotations } from "./annotations.ts";

const all = [unknownAnnotations, misplacedAnnotations, annotationValues, oldAnnotations];

/** "CODE FIX" of what is said about an object with these annotations. */
function found(kind: string, annotations: Readonly<Record<string, string>>, template = {}): readonly string[] {
  const apiVersion = kind === "Deployment" ? "apps/v1" : "v1";
  const spec = { template: { metadata: { annotations: template } } };
  const metadata = { name: "reviews", namespace: kind === "Namespace" ? undefined : "shop", annotations };
  const object = objectOf(JSON.stringify({ apiVersion, kind, metadata, spec }));
  const world = worldOf();
  return reviewBy(all, object, world, buildSnapshot(world)).map(({ code, path }) => `${code} ${path}`);
}

const at = (name: string) => `metadata.annotations["${name}"]`;

test.each([
  { kind: "Service", name: "networking.istio.io/exportThree", value: "a", want: ["PIL5111"] },
  { kind: "Service", name: "networking.istio.io/exportTo", value: "a", want: [] },
  { kind: "Service", name: "example.com/istio.io", value: "a", want: [] },
  { kind: "Service", name: "notistio.io/a", value: "a", want: [] },
  { kind: "Pod", name: "networking.istio.io/exportTo", value: "a", want: ["PIL5112"] },
  { kind: "Pod", name: "kubernetes.io/ingress.class", value: "istio", want: ["PIL5112"] },
  { kind: "Pod", name: "kubernetes.io/psp", value: "a", want: [] },
  { kind: "Pod", name: "gateway.istio.io/controller-version", value: "5", want: [] },
  { kind: "Pod", name: "readiness.status.sidecar.istio.io/periodSeconds", value: "two", want: ["PIL5002"] },
  { kind: "Pod", name: "readiness.status.sidecar.istio.io/periodSeconds", value: "2", want: [] },
  { kind: "Pod", name: "traffic.sidecar.istio.io/excludeInboundPorts", value: "80,*", want: ["PIL5002"] },
  { kind: "Pod", name: "traffic.sidecar.istio.io/includeInboundPorts", value: "*", want: [] },
  { kind: "Pod", name: "traffic.sidecar.istio.io/includeInboundPorts", value: "", want: [] },
  { kind: "Pod", name: "traffic.sidecar.istio.io/includeOutboundIPRanges", value: "10.0.0.0/8, fd00::/8", want: [] },
  { kind: "Pod", name: "traffic.sidecar.istio.io/includeOutboundIPRanges", value: "10.0.0.1", want: ["PIL5002"] },
  { kind: "Pod", name: "sidecar.istio.io/interceptionMode", value: "redirect", want: ["PIL5002"] },
  { kind: "Pod", name: "sidecar.istio.io/inject", value: "true", want: ["PIL5113"] },
  { kind: "Namespace", name: "sidecar.istio.io/logLevel", value: "debug", want: ["PIL5112"] },
  { kind: "Deployment", name: "sidecar.istio.io/statsInclusionPrefixes", value: "a", want: ["PIL5112", "PIL5113"] },
])("$name: $value on a $kind gives $want", ({ kind, name, value, want }) => {
  expect(found(kind, { [name]: value })).toEqual(want.map((code) => `${code} ${at(name)}`));
});

test("annotations of a Deployment's template are those of pods", () => {
  const name = "status.sidecar.istio.io/port";
  const path = `spec.template.${at(name)}`;
  expect(found("Deployment", {}, { [name]: "15020" })).toEqual([]);
  expect(found("Deployment", {}, { [name]: "http" })).toEqual([`PIL5002 ${path}`]);
});

test("oldAnnotations is content where the label says the same", () => {
  const inject = { "sidecar.istio.io/inject": "true" };
  const metadata = { name: "reviews", labels: inject, annotations: inject };
  const world = worldOf();
  const object = objectOf(JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec: {} }));
  expect(reviewBy(all, object, world, buildSnapshot(world))).toEqual([]);
});
