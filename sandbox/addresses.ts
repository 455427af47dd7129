// Addresses of the sandbox's own network. All of them exist only inside its namespaces, so they cannot collide with the host's.

/** The node: the bridge, gateway of all pods, and where the control plane answers. */
export const nodeAddress = "10.77.0.1";
/** Every pod's address lies here. */
export const podNetwork = "10.77.0.0/16";
/** Prefix length of {@link podNetwork}. */
export const podNetworkBits = 16;
/** Reported as spec.nodeName. */
export const nodeName = "pillion-sandbox";

/** Pods number 1 to 65,000 get 10.77.0.2 and so on. @throws RangeError when a run has started more pods than that. */
export function podAddress(number: number): string {
  const host = number + 1;
  if (host > 65_500)
    throw new RangeError("This run has started more pods than its network has addresses: start it anew.");
  return `10.77.${host >> 8}.${host & 255}`;
}
