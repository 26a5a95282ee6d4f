/**
 * `npm run faults`: stages faults between real peers, and prints whether the inspector names each one's cause, in one
 * sentence, and how soon after the failure. Networks that do not lead to each other are network namespaces (root of
 * Linux); faults that this machine cannot stage are listed as such. The status is 1 when a cause is wrong.
 */
import { faults, healthy } from './faults/faults.ts';
import { Networks } from './faults/networks.ts';
import { Stage, type Verdict } from './faults/stage.ts';

/** Rounds without a fault: none may be called failed. */
const HEALTHY_ROUNDS = 3;

const networks = Networks.open();
let wrong = 0;
try {
  for (const { name, kind = 'failed', expected, needs = [], run } of [...faults, ...healthyRounds()]) {
    if (needs.includes('networks') && !networks) {
      print(name, 'not staged: network namespaces need root');
      continue;
    }
    const stage = await Stage.open(networks);
    try {
      const verdict = await run(stage);
      const isRight = verdict.kind === kind && expected.test(verdict.cause);
      if (!isRight) wrong += 1;
      print(name, `${isRight ? 'right' : 'WRONG'}  ${timeIn(verdict)}  ${verdict.kind}: ${verdict.cause}`);
    } finally {
      await stage.close();
    }
  }
} finally {
  networks?.close();
}
process.exit(wrong === 0 ? 0 : 1);

function healthyRounds() {
  return Array.from({ length: HEALTHY_ROUNDS }, (_, i) => ({ ...healthy, name: `${healthy.name} ${i + 1}` }));
}

function timeIn({ afterMs }: Verdict): string {
  return `${afterMs} ms`.padStart(8);
}

function print(name: string, text: string): void {
  console.log(`${name.padEnd(44)}${text}`);
}
