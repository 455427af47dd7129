import { expect, test } from "vitest";
import { askedTemplate } from "./templates.ts";

test.each([
  { text: undefined, want: "sidecar" },
  { text: "", want: "sidecar" },
  { text: "sidecar", want: "sidecar" },
  { text: " gateway ", want: "gateway" },
  { text: "sidecar,sidecar", want: "sidecar" },
  { text: "sidecar, ", want: "sidecar" },
  { text: "sidecar,gateway", want: undefined },
  { text: "sidecar,spire", want: undefined },
  { text: "grpc-agent", want: undefined },
])("askedTemplate() gives $want for $text", ({ text, want }) => {
  const annotations = text === undefined ? {} : { "inject.istio.io/templates": text };
  expect(askedTemplate({ metadata: { annotations } })).toBe(want);
});
