// Walks through the lines against the running mesh and prints what was asked, expected and seen.
import type { Writable } from "node:stream";
import { errorText } from "../../base/error.ts";
import { type Line, Mismatch } from "./line.ts";
import type { DemoMesh } from "./mesh.ts";

/** How a line went. */
interface Outcome {
  readonly line: Line;
  readonly ok: boolean;
  readonly seen: string;
  readonly seconds: number;
}

async function checkLine(line: Line, mesh: DemoMesh): Promise<Outcome> {
  const start = performance.now();
  const outcome = (ok: boolean, seen: string): Outcome => ({
    line,
    ok,
    seen,
    seconds: (performance.now() - start) / 1_000,
  });
  const asked = await attempt(async () => outcome(true, await line.check(mesh)));
  // A mesh that does not get well again is a failure too, of this line and not of the whole table.
  const restored = await attempt(async () => {
    await mesh.restore();
    return asked;
  });
  return asked.ok ? restored : asked;

  async function attempt(ask: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await ask();
    } catch (thrown) {
      return outcome(false, thrown instanceof Mismatch ? thrown.message : `could not ask: ${errorText(thrown)}`);
    }
  }
}

/** Each line as it is known, so that a person can follow; at the end how many held. Stops early when interrupted. */
export async function checkAll(
  lines: readonly Line[],
  mesh: DemoMesh,
  out: Writable,
  signal: AbortSignal,
): Promise<{ readonly passed: number; readonly failed: number }> {
  let passed = 0;
  let failed = 0;
  for (const line of lines) {
    if (signal.aborted) break;
    const { ok, seen, seconds } = await checkLine(line, mesh);
    if (ok) passed += 1;
    else failed += 1;
    out.write(
      `${ok ? "✓" : "✗"} ${line.asked}  (${seconds.toFixed(1)} s)\n    expected: ${line.expected}\n    seen:     ${seen}\n`,
    );
  }
  const left = lines.length - passed - failed;
  out.write(`\n${passed} passed, ${failed} failed${left > 0 ? `, ${left} not asked` : ""}\n`);
  return { passed, failed: failed + left };
}
