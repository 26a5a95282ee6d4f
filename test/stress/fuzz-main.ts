/** `npm run fuzz -- [--frames N] [--seed N]`: a million frames, and a status that says whether all went well. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});

/** Code that is compiled while the fuzz runs counts as heap, too; a leak of a byte a frame would show. */
const MAX_HEAP_GROWTH_BYTES = 1_000_000;

const report = await fuzz({
  frames: Number(values.frames),
  seed: Number(values.seed),
  progress: (frames) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${frames} frames`);
  },
});
console.log(JSON.stringify(report, null, 2));
const isWell =
  report.strays.length === 0 &&
  report.sent === report.arrived &&
  report.sessionsLeft + report.pairingsLeft === 0 &&
  report.heapGrowthBytes < MAX_HEAP_GROWTH_BYTES;
console.log(isWell ? 'All well.' : `Not well: run it again with --seed ${report.seed}`);
process.exitCode = isWell ? 0 : 1;
