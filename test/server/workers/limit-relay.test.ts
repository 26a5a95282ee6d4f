/** The limits of an address hold for all workers together: random histories of workers that serve, die and start. */
import { expect, it } from '@jest/globals';
import { AddressCount, AddressRate } from '../../../src/server/admission/address-limits.ts';
import { SharedLimits } from '../../../src/server/admission/shared-limits.ts';
import { LimitRelay, type LimitSeat } from '../../../src/server/workers/limit-relay.ts';
import fc from '../../support/fast-check.ts';

const ADDRESSES = ['192.0.2.1', '192.0.2.2'] as const;
const WORKERS = [1, 2, 3] as const;

/** A worker's part of the limits. */
class Worker {
  readonly connections = new AddressCount();
  readonly upgrades = new AddressRate(1, 10);
  /** What is open here, as the test knows it. */
  readonly open = new Map<string, number>();
  readonly #seat: LimitSeat;

  constructor(relay: LimitRelay) {
    const shared = new SharedLimits(
      (changes) => this.#seat.told(changes),
      () => 0,
    );
    shared.share('connections', this.connections);
    shared.share('upgrades', this.upgrades);
    this.#seat = relay.join((changes) => shared.changedElsewhere(changes));
  }

  /** What it had not told yet comes too late. */
  die(): void {
    this.#seat.leave();
  }

  opened(address: string): void {
    this.connections.add(address);
    this.open.set(address, (this.open.get(address) ?? 0) + 1);
  }

  closed(address: string): void {
    const open = this.open.get(address) ?? 0;
    if (open === 0) return;
    this.connections.remove(address);
    this.open.set(address, open - 1);
  }
}

/** What is told once a turn has been told. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

const step = fc.record({
  do: fc.constantFrom('open', 'open', 'close', 'die', 'turn'),
  worker: fc.constantFrom(...WORKERS),
  address: fc.constantFrom(...ADDRESSES),
});

it('each worker counts what is open at all of them, also when some died and others started', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const relay = new LimitRelay();
      const workers = new Map(WORKERS.map((number) => [number, new Worker(relay)]));
      for (const { do: what, worker: number, address } of steps) {
        const worker = workers.get(number) as Worker;
        if (what === 'open') worker.opened(address);
        else if (what === 'close') worker.closed(address);
        else if (what === 'die') {
          worker.die();
          workers.set(number, new Worker(relay));
        }
        if (what !== 'open') await turn();
      }
      await turn();
      const all = [...workers.values()];
      for (const address of ADDRESSES) {
        const sum = all.reduce((total, { open }) => total + (open.get(address) ?? 0), 0);
        expect(all.map(({ connections }) => connections.of(address))).toEqual(all.map(() => sum));
      }
    }),
    { numRuns: 50 },
  );
});

it('what an address may do ten times, it may do ten times at all workers together', async () => {
  const relay = new LimitRelay();
  const workers = WORKERS.map(() => new Worker(relay));
  let allowed = 0;
  for (let tries = 0; tries < 60; tries += 1) {
    const { upgrades } = workers[tries % WORKERS.length] as Worker;
    if (!upgrades.isExhausted(ADDRESSES[0], 0)) allowed += 1;
    upgrades.count(ADDRESSES[0], 0);
    await turn();
  }
  expect(allowed).toBe(10);
  expect(workers.map(({ upgrades }) => upgrades.isExhausted(ADDRESSES[1], 0))).toEqual([false, false, false]);
});
