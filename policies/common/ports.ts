import type { ObjectOf } from "../../api/kinds.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { connectionMatchesOf, destinationsOf, httpMatchesOf, items } from "../virtual-service/walk.ts";
import { portFault } from "./names.ts";

interface WrittenPort {
  readonly port: number;
  readonly path: JsonPath;
}

type WithPorts = ObjectOf<"VirtualService" | "DestinationRule" | "Gateway" | "ServiceEntry">;

/** Ports are 1 to 65535. */
export const portNumbers = rule({
  code: "PIL1104",
  guardsEnvoy: true,
  kinds: ["VirtualService", "DestinationRule", "Gateway", "ServiceEntry"],
  enforcement: "deny",
  summary: "port numbers are 1 to 65535",
  *check(object): Iterable<Complaint> {
    for (const { port, path } of portsOf(object)) {
      const fault = portFault(port);
      if (fault === undefined) continue;
      yield {
        path,
        problem: `the port ${port} ${fault}`,
        reason: "Nothing can listen there",
        fix: "Write the number of a port",
      };
    }
  },
});

function portsOf(object: WithPorts): readonly WrittenPort[] {
  switch (object.kind) {
    case "VirtualService":
      return [
        ...destinationsOf(object).flatMap(({ value, path }) =>
          value.port === undefined ? [] : [{ port: value.port.number ?? 0, path: child(path, "port", "number") }],
        ),
        ...[...httpMatchesOf(object), ...connectionMatchesOf(object)].flatMap(({ value, path }) =>
          value.port === undefined || value.port === 0 ? [] : [{ port: value.port, path: child(path, "port") }],
        ),
      ];
    case "DestinationRule":
      return policiesOf(object).flatMap(({ value, path }) =>
        items(value.portLevelSettings, child(path, "portLevelSettings")).map((settings) => ({
          port: settings.value.port?.number ?? 0,
          path: child(settings.path, "port", "number"),
        })),
      );
    case "Gateway":
      return items(object.spec.servers, jsonPath("spec", "servers"))
        .filter(({ value }) => value.bind?.startsWith("unix://") !== true)
        .map(({ value, path }) => ({ port: value.port.number, path: child(path, "port", "number") }));
    case "ServiceEntry":
      return [
        ...items(object.spec.ports, jsonPath("spec", "ports")).flatMap(({ value, path }) => [
          { port: value.number, path: child(path, "number") },
          ...(value.targetPort === undefined || value.targetPort === 0
            ? []
            : [{ port: value.targetPort, path: child(path, "targetPort") }]),
        ]),
        ...items(object.spec.endpoints, jsonPath("spec", "endpoints")).flatMap(({ value, path }) =>
          Object.entries(value.ports ?? {}).map(([name, port]) => ({ port, path: child(path, "ports", name) })),
        ),
      ];
  }
}

/** The traffic policies of a DestinationRule: its own and those of its subsets. */
export function policiesOf({ spec }: ObjectOf<"DestinationRule">) {
  const subsets = items(spec.subsets, jsonPath("spec", "subsets")).flatMap(({ value, path }) =>
    value.trafficPolicy === undefined ? [] : [{ value: value.trafficPolicy, path: child(path, "trafficPolicy") }],
  );
  if (spec.trafficPolicy === undefined) return subsets;
  return [{ value: spec.trafficPolicy, path: jsonPath("spec", "trafficPolicy") }, ...subsets];
}
