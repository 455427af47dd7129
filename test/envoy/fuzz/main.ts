// npm run fuzz:envoy -- --minutes 10 --seed 1
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1000)) },
  },
});
// Folders go with the process when it ends by itself, and Envoy with the one that started it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const write = (line: string): void => void process.stdout.write(`${line}\n`);
write(`seed ${values.seed}, ${values.minutes} minutes`);
let shown = 0;
let toldMs = 0;
const { found, tried, accepted, judged } = await fuzz({
  seed: Number(values.seed),
  documents: Number.POSITIVE_INFINITY,
  milliseconds: Number(values.minutes) * 60_000,
  onProgress: (progress) => {
    for (const poison of progress.found.slice(shown)) write(`FOUND ${JSON.stringify(poison, null, 2)}`);
    shown = progress.found.length;
    if (performance.now() - toldMs < 5_000) return;
    toldMs = performance.now();
    write(
      `${progress.tried} tried, ${progress.accepted} accepted, ${progress.judged} resources judged, ${shown} found`,
    );
  },
});
const perMinute = Math.round(tried / (performance.now() / 60_000));
const share = Math.round((100 * accepted) / Math.max(tried, 1));
write(`${tried} objects tried (${perMinute} a minute), ${accepted} accepted (${share} %), ${judged} resources judged`);
write(`${found.length} refused by Envoy`);
process.exitCode = found.length === 0 ? 0 : 1;
