// npm run fuzz:envoy -- --minutes 10 --seed 1
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1000)) },
  },
});
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
write(`${tried} objects tried, ${accepted} accepted, ${judged} resources judged, ${found.length} refused by Envoy`);
process.exitCode = found.length === 0 ? 0 : 1;
