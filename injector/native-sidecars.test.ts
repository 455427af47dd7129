import { expect, test } from "vitest";
import { nativeSidecarsFit } from "./native-sidecars.ts";

test.each([
  { mode: "auto" as const, versions: [], want: true },
  { mode: "auto" as const, versions: ["v1.34.1", "1.33.0-eks-1"], want: true },
  { mode: "auto" as const, versions: ["v1.34.1", "v1.32.9"], want: false },
  { mode: "auto" as const, versions: ["2.0"], want: true },
  { mode: "auto" as const, versions: [""], want: false },
  { mode: true, versions: ["v1.28.0"], want: true },
  { mode: false, versions: ["v1.34.1"], want: false },
])("nativeSidecarsFit() says $want for $mode on $versions", ({ mode, versions, want }) => {
  expect(nativeSidecarsFit(mode, versions)).toBe(want);
});
