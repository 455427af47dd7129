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

/** Machines that are not part of the cluster have addresses of this network (RFC 5737, for documentation). */
export const outsideNetwork = "198.51.100.0/24";
/** A pod with this annotation stands for such a machine: the control plane never hears of it. */
export const outsideAnnotation = "sandbox.pillion.io/outside";

/** The address of an outside machine. @throws RangeError when a run has started more of them than the network has addresses. */
export function outsideAddress(number: number): string {
  if (number > 254)
    throw new RangeError("This run has started more outside machines than there are addresses: start it anew.");
  return `198.51.100.${number}`;
}
