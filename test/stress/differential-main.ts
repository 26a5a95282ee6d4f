/**
 * `npm run differential -- [--frames N] [--seed N]`: sends 100,000 frames to each original server and to ours; the exit
 * status tells whether they agree.
 */
import { parseArgs } from 'node:util';
import { comparePeerJs } from './differential/peerjs.ts';
import { compareYWebrtc } from './differential/y-webrtc.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});

for (const [name, compare] of [
  ['peer', comparePeerJs],
  ['y-webrtc', compareYWebrtc],
] as const) {
  const report = await compare(Number(values.frames), Number(values.seed));
  console.log(`${name}: ${JSON.stringify(report, null, 2)}`);
  if (report.differences.length > 0) process.exitCode = 1;
}
console.log(process.exitCode ? `They differ: run it again with --seed ${values.seed}` : 'No difference.');
process.exit();
