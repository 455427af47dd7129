// A server that is no pod, as ServiceEntry, WorkloadEntry and WorkloadGroup write it.
import { map, object, portNumber, string, uint32 } from "./schema.ts";

/** Address, ports and labels of one server. */
export const workload = (description: string) =>
  object(description, {
    address: string("IP address, host name for DNS, or unix:///path", { maxLength: 256 }),
    ports: map("Ports by the name that the host gives them", portNumber("Port number"), { maxProperties: 128 }),
    labels: map("Labels, for subsets and selectors", string("Value of the label"), { maxProperties: 256 }),
    network: string("Network that the address belongs to", { maxLength: 2048 }),
    locality: string("region/zone/subzone", { maxLength: 2048 }),
    weight: uint32("Share in relation to the other endpoints"),
    serviceAccount: string("Service account whose identity the server shows", { maxLength: 253 }),
  });
