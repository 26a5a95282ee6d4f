/**
 * `npm run fuzz -- [--frames N] [--acts N] [--seed N]`: a million frames of garbage, then a crowd of clients with
 * different behaviour; the exit status tells whether all went well.
 */
import { parseArgs } from 'node:util';
import { crowd } from './crowd.ts';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    acts: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});

/**
 * Of the second half of the frames. Code that is compiled late counts as heap, too: up to 1 MB in a run of 60,000 frames, and
 * 0.4 MB in one of 200,000. A leak of four bytes per frame still shows in a run of a million, one of 70 in the short one.
 */
const MAX_HEAP_GROWTH_BYTES = 2_000_000;
/**
 * For a crowd: about 2 MB of compiled code, which is all that is left without the inspector (two seeds, 2,000 acts: 1.9
 * and 2.1 MB); and the records of failed pairings that the inspector keeps for its page, at most 8 MiB as JSON and 2.5
 * times that in memory (the same two seeds: 5 and 11 MB, by heap snapshots of the first).
 */
const MAX_CROWD_GROWTH_BYTES = 2_000_000 + 2.5 * 8 * 1024 * 1024;
const MAX_WAITING_BYTES = 16_384;

const frames = Number(values.frames);
const acts = Number(values.acts);
const seed = Number(values.seed);
const problems: string[] = [];
const expectThat = (isTrue: boolean, problem: string) => {
  if (!isTrue) problems.push(problem);
};

if (frames > 0) {
  const report = await fuzz({
    frames,
    seed,
    progress: (sent) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${sent} frames`);
    },
  });
  console.log(JSON.stringify(report, null, 2));
  expectThat(report.strays.length === 0, 'messages went astray');
  expectThat(report.sent === report.arrived, 'messages of clients that behave were lost');
  expectThat(report.sessionsLeft + report.pairingsLeft === 0, 'sessions or pairings are left');
  expectThat(report.heapGrowthBytes < MAX_HEAP_GROWTH_BYTES, 'the heap has grown');
}
if (acts > 0) {
  const report = await crowd({ seed, acts, progress: (line) => console.error(line) });
  console.log(JSON.stringify(report, null, 2));
  expectThat(report.harm.length === 0, 'honest clients were harmed');
  expectThat(report.strays.length === 0, 'somebody heard what was for others');
  expectThat(report.sessionsLeft === 0, 'sessions of the crowd are left');
  expectThat(report.waitingBytesLeft < MAX_WAITING_BYTES, 'messages still wait');
  expectThat(report.growthBytes < MAX_CROWD_GROWTH_BYTES, 'the memory of the crowd is not back');
}
console.log(problems.length === 0 ? 'All well.' : `${problems.join('; ')}: run it again with --seed ${seed}`);
process.exit(problems.length === 0 ? 0 : 1);
