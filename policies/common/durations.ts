import { parseDuration } from "../../api/duration.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";

/** Durations are whole milliseconds: Envoy's timers are no finer. `corsPolicy.maxAge` is whole seconds. */
export const wholeMilliseconds = rule({
  code: "PIL1105",
  kinds: ["VirtualService", "DestinationRule"],
  enforcement: "deny",
  summary: "durations are whole milliseconds",
  *check({ spec }): Iterable<Complaint> {
    for (const { text, path, unitMs } of durationsIn(spec, jsonPath("spec"))) {
      const ms = parseDuration(text);
      // Adding up "0.1s" and "0.2s" leaves a rest that nobody wrote.
      if (ms === undefined || Math.abs(ms / unitMs - Math.round(ms / unitMs)) < 1e-9) continue;
      const unit = unitMs === 1 ? "milliseconds" : "seconds";
      yield {
        path,
        problem: `"${text}" is no whole number of ${unit}`,
        reason: "The rest would be lost",
        fix: `Write ${Math.max(1, Math.round(ms / unitMs))}${unitMs === 1 ? "ms" : "s"}`,
      };
    }
  },
});

const durationFields: ReadonlySet<string> = new Set([
  "timeout",
  "perTryTimeout",
  "backoff",
  "fixedDelay",
  "maxAge",
  "connectTimeout",
  "time",
  "interval",
  "maxConnectionDuration",
  "idleTimeout",
  "baseEjectionTime",
  "duration",
]);

/** Every field of these names that holds a text. */
function* durationsIn(value: unknown, path: JsonPath): Iterable<{ text: string; path: JsonPath; unitMs: number }> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const place = child(path, Array.isArray(value) ? Number(key) : key);
    if (typeof item === "string" && durationFields.has(key))
      yield { text: item, path: place, unitMs: key === "maxAge" ? 1000 : 1 };
    else yield* durationsIn(item, place);
  }
}
