/**
 * `npm run soak -- [--seconds N]`: runs for ten minutes; the exit status tells whether heap and handles stayed flat.
 */
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });
const seconds = Number(values.seconds);

/** The first samples include code that is not compiled yet. */
const WARM_UP_SAMPLES = 3;
const SAMPLES = 20;
const MAX_HEAP_GROWTH_BYTES = 2_000_000;
const MAX_HANDLE_GROWTH = 2;

const report = await soak(seconds, seconds / SAMPLES, (sample) => console.error(JSON.stringify(sample)));
const first = report.samples[WARM_UP_SAMPLES];
const last = report.samples.at(-1);
if (!first || !last) throw new Error('The soak ended before it was warm');
const growth = { heapBytes: last.heapBytes - first.heapBytes, handles: last.handles - first.handles };
const { samples: _, ...counts } = report;
console.log(JSON.stringify({ ...counts, growth }, null, 2));
const isWell =
  report.sessionsLeft === 0 &&
  growth.heapBytes < MAX_HEAP_GROWTH_BYTES &&
  growth.handles <= MAX_HANDLE_GROWTH;
console.log(isWell ? 'All well.' : 'Not well.');
process.exitCode = isWell ? 0 : 1;
