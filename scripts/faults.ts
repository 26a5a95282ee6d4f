/**
 * `npm run faults`: stages faults between real peers in real networks, and prints whether the inspector names each
 * cause in one sentence within two seconds of the failure, and whether it reports nothing where nothing is wrong. The
 * networks are network namespaces, which need root on Linux, nft and coturn; without these, the faults that need them
 * are listed as not staged. Names of faults after `--` stage only those. The exit status is 1 if a cause is wrong or an
 * alarm is false.
 */
import type { StagedFault } from './faults/fault.ts';
import { faults } from './faults/faults.ts';
import { healthy } from './faults/healthy.ts';
import { isInside, Networks, runInside } from './faults/networks.ts';
import { Place } from './faults/place.ts';
import { PROMISE_MS, Stage, type Verdict, type World } from './faults/stage.ts';
import { TurnServer } from './faults/turn-server.ts';

const status = isInside() ? undefined : runInside();
if (status !== undefined) process.exit(status);

const world = isInside() ? build() : undefined;
// It listens at an address that exists only once the networks have been built.
const turn = world && (await TurnServer.start());
const asked = process.argv.slice(2).map((word) => word.toLowerCase());
const counts = { right: 0, wrong: 0, skipped: 0 };
try {
  for (const [title, all] of [
    ['Faults', faults],
    ['Nothing is wrong', healthy],
  ] as const) {
    console.log(`\n${title}`);
    for (const fault of all)
      if (asked.length === 0 || asked.some((word) => fault.name.toLowerCase().includes(word)))
        await stage(fault);
  }
} finally {
  turn?.close();
  for (const place of Object.values(world?.places ?? {})) await place.kill();
  world?.networks.close();
}
console.log(`\n${counts.right} right, ${counts.wrong} wrong, ${counts.skipped} not staged`);
process.exit(counts.wrong === 0 ? 0 : 1);

function build(): World {
  const networks = new Networks();
  return { networks, places: { a: new Place(networks.at('a')), b: new Place(networks.at('b')) } };
}

async function stage(fault: StagedFault): Promise<void> {
  const { name, kind, expected, needs, options = {}, clockOffMs = 0 } = fault;
  if ((needs !== undefined && !world) || (needs === 'turn' && !turn)) {
    counts.skipped += 1;
    print(name, `not staged: takes ${needs === 'turn' ? 'coturn, ' : ''}root of Linux and nft`);
    return;
  }
  const stage = await Stage.open(world, options, clockOffMs);
  try {
    const verdict =
      (await fault.run(stage)) ?? (await stage.verdict({ kind: kind as never, cause: expected }));
    tell(fault, verdict);
  } catch (error) {
    counts.wrong += 1;
    print(name, `WRONG            it could not be staged: ${error}`);
  } finally {
    await stage.close();
  }
}

function tell({ name, kind, expected }: StagedFault, { kind: is, cause, afterMs, alarms }: Verdict): void {
  const isRight =
    is === kind &&
    expected.test(cause) &&
    afterMs <= PROMISE_MS &&
    (kind !== 'connected' || alarms.length === 0);
  if (isRight) counts.right += 1;
  else counts.wrong += 1;
  const falseAlarms = kind === 'connected' && alarms.length > 0 ? ` FALSE ALARM: ${alarms.join(' ')}` : '';
  print(
    name,
    `${isRight ? 'right' : 'WRONG'}  ${`${afterMs} ms`.padStart(8)}  ${is}: ${cause}${falseAlarms}`,
  );
}

function print(name: string, text: string): void {
  console.log(`  ${name.padEnd(52)}${text}`);
}
