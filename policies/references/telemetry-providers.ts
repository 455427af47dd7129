import { nearest, oneOf } from "../../api/nearest.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Providers that there are without being configured. */
const builtIn: readonly string[] = ["prometheus", "stackdriver", "envoy"];

/** A provider is one of the mesh configuration. */
export const telemetryProviders = rule({
  code: "PIL2115",
  kinds: ["Telemetry"],
  enforcement: "warn",
  summary: "a Telemetry names extension providers of the mesh configuration",
  *check({ spec }, { snapshot }): Iterable<Complaint> {
    const configured = (snapshot.mesh.config.extensionProviders ?? []).flatMap(({ name }) => name ?? []);
    const known = [...builtIn, ...configured];
    for (const field of ["tracing", "metrics", "accessLogging"] as const) {
      for (const { value, path } of items<{ providers?: readonly { name: string }[] }>(
        spec[field],
        jsonPath("spec", field),
      )) {
        for (const provider of items(value.providers, child(path, "providers"))) {
          const { name } = provider.value;
          if (known.includes(name)) continue;
          yield complaint(
            child(provider.path, "name"),
            `the mesh configuration has no extension provider "${name}"`,
            "Nothing is sent: the provider is left out",
            `Write "${nearest(name, known) ?? oneOf(known)}", or add it to extensionProviders of the mesh configuration`,
          );
        }
      }
    }
  },
});
