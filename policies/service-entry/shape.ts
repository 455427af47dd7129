// Ports, addresses and endpoints of a ServiceEntry, each by itself.
import { child, jsonPath } from "../../base/json-path.ts";
import { addressFault, dnsLabel, hostFault } from "../common/names.ts";
import { protocols } from "../common/sockets.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Ports differ in number and name. */
export const entryPorts = rule({
  code: "PIL1501",
  guardsEnvoy: true,
  kinds: ["ServiceEntry"],
  enforcement: "deny",
  summary: "ports of a ServiceEntry have different numbers and names",
  *check({ spec }): Iterable<Complaint> {
    const names = new Set<string>();
    const numbers = new Set<number>();
    for (const { value, path } of items(spec.ports, jsonPath("spec", "ports"))) {
      const good = dnsLabel.test(value.name) && value.name.length <= 63;
      if (!good) {
        yield {
          path: child(path, "name"),
          problem: `the name is "${value.name}"`,
          reason: "Endpoints refer to ports by name",
          fix: "Write letters, digits and hyphens, such as https",
        };
      }
      if (good && names.has(value.name)) {
        yield {
          path: child(path, "name"),
          problem: `the name "${value.name}" is there twice`,
          reason: "Endpoints refer to ports by name",
          fix: "Rename one of them",
        };
      }
      if (numbers.has(value.number)) {
        yield {
          path: child(path, "number"),
          problem: `the port ${value.number} is there twice`,
          reason: "One connection cannot be for both",
          fix: "Take one of them away",
        };
      }
      names.add(value.name);
      numbers.add(value.number);
      if (value.protocol !== undefined && value.protocol !== "" && !protocols.includes(value.protocol.toUpperCase())) {
        yield {
          path: child(path, "protocol"),
          problem: `the protocol is "${value.protocol}"`,
          reason: "Proxies do not speak it",
          fix: `Write one of ${protocols.slice(0, 8).join(", ")}`,
        };
      }
    }
  },
});

/** Addresses are addresses or networks, and networks need no look-up of names. */
export const entryAddresses = rule({
  code: "PIL1502",
  guardsEnvoy: true,
  kinds: ["ServiceEntry"],
  enforcement: "deny",
  summary: "addresses are IP addresses, or networks where nothing is looked up",
  *check({ spec }): Iterable<Complaint> {
    const resolution = spec.resolution ?? "NONE";
    for (const { value, path } of items(spec.addresses, jsonPath("spec", "addresses"))) {
      const fault = addressFault(value);
      if (fault !== undefined) {
        yield {
          path,
          problem: `"${value}" ${fault}`,
          reason: "No connection could be for it",
          fix: "Write an address, or a network such as 10.0.0.0/8",
        };
      } else if (value.includes("/") && resolution !== "NONE" && resolution !== "STATIC") {
        yield {
          path,
          problem: `"${value}" is a network, and the resolution is ${resolution}`,
          reason: "A name leads to its own addresses, not to a network",
          fix: "Write single addresses, or resolution: NONE",
        };
      }
    }
  },
});

/** Endpoints have addresses of the kind that the resolution needs, and ports that the entry has. */
export const entryEndpoints = rule({
  code: "PIL1503",
  guardsEnvoy: true,
  kinds: ["ServiceEntry"],
  enforcement: "deny",
  summary: "endpoints have an address that fits the resolution, and known ports",
  *check({ spec }): Iterable<Complaint> {
    const resolution = spec.resolution ?? "NONE";
    const ports = new Set((spec.ports ?? []).map(({ name }) => name));
    for (const { value, path } of items(spec.endpoints, jsonPath("spec", "endpoints"))) {
      const { address = "" } = value;
      const place = child(path, "address");
      const named = resolution !== "STATIC" && resolution !== "NONE";
      if (address.startsWith("unix://")) {
        const file = address.slice("unix://".length);
        if (!file.startsWith("/") && !file.startsWith("@"))
          yield {
            path: place,
            problem: `"${file}" is no absolute path`,
            reason: "The proxy has no working directory to start from",
            fix: "Write unix:///path/to/socket",
          };
        if (value.ports !== undefined && Object.keys(value.ports).length > 0)
          yield {
            path: child(path, "ports"),
            problem: "a socket has ports",
            reason: "There is nothing to choose",
            fix: "Take them away",
          };
      } else if (address === "") {
        if ((value.network ?? "") === "")
          yield {
            path: place,
            problem: "the address is missing",
            reason: "Nothing could be called",
            fix: "Write the address of the server",
          };
      } else if (
        named
          ? hostFault(address, { wildcard: false, address: true }) !== undefined
          : addressFault(address) !== undefined && resolution === "STATIC"
      ) {
        yield {
          path: place,
          problem: `"${address}" is no ${named ? "host and no " : ""}IP address`,
          reason: `With resolution ${resolution} the proxy could not connect`,
          fix: named ? "Write a host or an address" : "Write an address, or resolution: DNS",
        };
      }
      for (const name of Object.keys(value.ports ?? {})) {
        if (ports.has(name)) continue;
        yield {
          path: child(path, "ports", name),
          problem: `there is no port "${name}" in spec.ports`,
          reason: "Nothing would use it",
          fix: ports.size === 0 ? "Add it to spec.ports" : `Use one of ${[...ports].join(", ")}`,
        };
      }
    }
  },
});
