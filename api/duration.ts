// Durations as Go and Istio write them.

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Milliseconds of a duration such as "1h", "0.5s", "1m30s", "-2s" or "0"; undefined when the text is none.
 * Fractions of a millisecond are kept.
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const magnitude = /^[-+]/.test(text) ? text.slice(1) : text;
  if (magnitude === "0") return 0;
  let total = 0;
  let position = 0;
  while (position < magnitude.length) {
    part.lastIndex = position;
    const found = part.exec(magnitude);
    if (found === null) return undefined;
    total += Number(found[1]) * (unitsMs[found[2] ?? ""] ?? Number.NaN);
    position = part.lastIndex;
  }
  return position === 0 ? undefined : sign * total;
}
