// Where a server that is no pod is found.
import type { WorkloadEntrySpec } from "../../api/workload-entry.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { hostFault } from "../common/names.ts";
import { socketFault } from "../common/sockets.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";

/** A WorkloadEntry has an address. */
export const workloadAddress = rule({
  code: "PIL1801",
  kinds: ["WorkloadEntry", "WorkloadGroup"],
  enforcement: "deny",
  summary: "a workload has an address and ports that can be called",
  *check(object): Iterable<Complaint> {
    if (object.kind === "WorkloadGroup") {
      // Its entries get their addresses when they are made.
      yield* socketFaults(object.spec.template, jsonPath("spec", "template"));
      return;
    }
    const path = jsonPath("spec");
    yield* addressFaults(object.spec, path);
    yield* socketFaults(object.spec, path);
  },
});

/** Behind a gateway of its network a server may go without an address. */
export const unaddressed = rule({
  code: "PIL1804",
  kinds: ["WorkloadEntry"],
  enforcement: "warn",
  summary: "a workload of another network has an address",
  *check({ spec }): Iterable<Complaint> {
    if ((spec.address ?? "") !== "" || (spec.network ?? "") === "") return;
    yield complaint(
      jsonPath("spec", "address"),
      `there is no address, and the network is "${spec.network ?? ""}"`,
      "It is called through a gateway of that network, if there is one",
      "Write the address, if callers can reach it",
    );
  },
});

function* addressFaults({ address = "", network = "", ports }: WorkloadEntrySpec, path: JsonPath): Iterable<Complaint> {
  const place = child(path, "address");
  const fix = "Write the IP address or the host name of the server";
  if (address === "") {
    if (network === "") yield complaint(place, "the address is missing", "Nothing could be called", fix);
  } else if (!address.startsWith("unix://")) {
    const fault = hostFault(address, { wildcard: false, address: true });
    if (fault !== undefined) yield complaint(place, `"${address}" ${fault}`, "Nothing could be called", fix);
  }
  for (const name of Object.keys(ports ?? {})) {
    if (/^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$/.test(name) && name.length < 63) continue;
    const how = "Write letters, digits and hyphens, such as http";
    yield complaint(child(path, "ports", name), `the name is "${name}"`, "Hosts refer to ports by name", how);
  }
}

function* socketFaults({ address = "", ports }: WorkloadEntrySpec, path: JsonPath): Iterable<Complaint> {
  if (!address.startsWith("unix://")) return;
  const fault = socketFault(address.slice("unix://".length));
  const fix = "Write unix:///path/to/socket";
  if (fault !== undefined) {
    yield complaint(child(path, "address"), `"${address}" ${fault}`, "Nothing could be called", fix);
  }
  if (ports === undefined || Object.keys(ports).length === 0) return;
  yield complaint(child(path, "ports"), "a socket has ports", "There is nothing to choose", "Take them away");
}
