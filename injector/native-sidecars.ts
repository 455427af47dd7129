// Native sidecars by the versions of the nodes: one kubelet that is too old would run the proxy to its end before the application.

/** The first version of Kubernetes in which native sidecars are for everybody. */
const since = { major: 1, minor: 33 } as const;

/** Whether pods get a native sidecar: as the operator says or, by "auto", where every node can run one. */
export function nativeSidecarsFit(mode: boolean | "auto", kubeletVersions: readonly string[]): boolean {
  return mode === "auto" ? kubeletVersions.every(isRecent) : mode;
}

function isRecent(version: string): boolean {
  const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > since.major || (Number(major) === since.major && Number(minor) >= since.minor);
}
