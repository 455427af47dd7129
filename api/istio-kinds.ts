// The groups of Istio's API.

/** Groups in which an unknown kind is a user's mistake. */
export const istioGroups: readonly string[] = [
  "networking.istio.io",
  "security.istio.io",
  "telemetry.istio.io",
  "extensions.istio.io",
];
