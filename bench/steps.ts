/**
 * What a step of a hosted machine costs, in nanoseconds of CPU time: a pairing that relays candidates, and sessions
 * that pair and part. `tsx bench/steps.ts [CHECKOUT]...` alternates between checkouts, to compare them.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STEPS = 2_000_000;
const TURNS = 7;

type Machines = typeof import('../src/machines/index.ts');

async function measure(checkout: string): Promise<void> {
  const machines = (await import(`${checkout}/src/machines/index.ts`)) as Machines;
  const { Hosted, MachineHost, StepQueue, pairingMachine, sessionMachine } = machines;
  const executors = new Proxy({}, { get: () => () => {} }) as never;
  const queue = new StepQueue();
  const onError = (_instance: unknown, error: unknown) => {
    throw error;
  };
  // Hosts of earlier versions were passed their timers.
  const timers = queue.timers ?? new machines.TimerWheel();
  const options = { executors, queue, timers, onError };
  const pairings = new MachineHost(pairingMachine, options);
  const pairing = new Hosted<never>();
  pairings.start(pairing, { initiatorId: 'a', responderId: 'b', aId: 'a', bId: 'b', epoch: 1 } as never);
  const side = { from: 'initiator' } as const;
  pairings.dispatch(pairing, { type: 'FORMED', ...side });
  pairings.dispatch(pairing, { type: 'OFFER_RECEIVED', epoch: 1, ...side });
  const candidate = { type: 'CANDIDATE_RECEIVED', epoch: 1, ...side } as const;

  const sessions = new MachineHost(sessionMachine, options);
  const settings = { pingIntervalMs: 30_000, pingTimeoutMs: 10_000, resumeGraceMs: 30_000 };
  const session = new Hosted<never>();
  sessions.start(session, { id: 'me', maxPeers: 1, isResumable: false, may: 'pair', settings });
  const paired = { type: 'PAIRED', epoch: 1, peerId: 'other' } as const;
  const unpaired = { type: 'UNPAIRED', epoch: 1 } as const;

  const time = (step: () => void) => {
    for (let warm = 0; warm < 100_000; warm += 1) step();
    const before = process.cpuUsage();
    for (let done = 0; done < STEPS; done += 1) step();
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1_000) / STEPS;
  };
  const relayed = time(() => pairings.dispatch(pairing, candidate));
  let isPaired = false;
  const moved = time(() => {
    isPaired = !isPaired;
    sessions.dispatch(session, isPaired ? paired : unpaired);
  });
  console.log(JSON.stringify({ relayed, moved }));
}

function compare(checkouts: readonly string[]): void {
  const results = new Map(
    checkouts.map((checkout) => [checkout, [] as { relayed: number; moved: number }[]]),
  );
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const [checkout, all] of results) {
      const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--measure', checkout];
      all.push(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })));
    }
  for (const [checkout, all] of results)
    for (const name of ['relayed', 'moved'] as const) {
      const sorted = all.map((result) => result[name]).sort((one, other) => one - other);
      const [least, median] = [sorted[0], sorted[Math.floor(TURNS / 2)]] as [number, number];
      console.log(`${checkout} ${name}: median ${median.toFixed(0)} ns, least ${least.toFixed(0)} ns a step`);
    }
}

const args = process.argv.slice(2);
const here = fileURLToPath(new URL('..', import.meta.url));
if (args[0] === '--measure') await measure(args[1] as string);
else compare(args.length > 0 ? args : [here]);
