/** The bus of workers, over channels that copy what goes through them, as those between processes do. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, it } from '@jest/globals';
import { LocalBusHub } from '../../../../../src/server/cluster/bus/local-bus.ts';
import {
  type BusRequest,
  WorkerBus,
  WorkerSeat,
} from '../../../../../src/server/cluster/bus/workers/worker-bus.ts';
import fc from '../../../../support/fast-check.ts';
import { BusNode } from '../../../../support/network/bus-node.ts';
import { describeBus } from '../bus-suite.ts';

describeBus('worker', async () => {
  const hub = new LocalBusHub();
  const ports: MessagePort[] = [];
  return {
    hasBroker: true,
    bus(id) {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1, port2);
      const seat = new WorkerSeat(hub, (notice) => port2.postMessage(notice));
      const bus = new WorkerBus(id, (request) => port1.postMessage(request));
      port1.on('message', (notice) => bus.told(notice));
      port2.on('message', (request) => seat.asked(request));
      return bus;
    },
    goAway: async () => hub.goAway(),
    comeBack: async () => hub.comeBack(),
    end: async () => {
      for (const port of ports) port.close();
    },
  };
});

it('the bus of a worker asks for nothing but to join until it is up', async () => {
  const asked: BusRequest[] = [];
  const bus = new WorkerBus(1, (request) => asked.push(request));
  const started = bus.start(new BusNode(bus, 1).handlers);
  bus.send(2, 'too early');
  bus.broadcast('too early');
  bus.told({ is: 'up' });
  bus.told({ is: 'joined' });
  await started;
  bus.send(2, 'now');
  expect(asked).toEqual([
    { do: 'join', node: 1 },
    { do: 'send', to: 2, text: 'now' },
  ]);
});

/** What is under way between a worker and the process that started it, in order; a test says when it arrives. */
type Channel = (() => void)[];

/** A worker of the model: what it sent, and what it got. */
class ModelWorker {
  readonly channels: [Channel, Channel] = [[], []];
  /** `to number` of what it sent, as long as both lived. */
  readonly sent: { readonly to: ModelWorker; readonly text: string }[] = [];
  readonly received: string[] = [];
  readonly unreachable: number[] = [];
  readonly node: number;
  readonly #bus: WorkerBus;
  readonly #seat: WorkerSeat;

  constructor(node: number, hub: LocalBusHub) {
    this.node = node;
    const [up, down] = this.channels;
    this.#seat = new WorkerSeat(hub, (notice) => down.push(() => this.#bus.told(notice)));
    this.#bus = new WorkerBus(node, (request) => up.push(() => this.#seat.asked(request)));
    void this.#bus.start({
      received: (text) => this.received.push(text),
      unreachable: (missing) => this.unreachable.push(missing),
      up: () => {},
      down: () => {},
    });
  }

  send(to: ModelWorker, text: string): void {
    this.sent.push({ to, text });
    this.#bus.send(to.node, text);
  }

  /** Killed: what it had not read or written is gone. */
  die(): void {
    for (const channel of this.channels) channel.length = 0;
    this.#seat.leave();
  }
}

const modelStep = fc.record({
  do: fc.constantFrom('send', 'send', 'send', 'arrive', 'arrive', 'die'),
  one: fc.nat(2),
  other: fc.nat(2),
});

it('of workers that die and are replaced, in any order of what arrives: each message comes once and in order, or its sender hears that nobody is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(modelStep, { maxLength: 60 }), async (steps) => {
      const underWay: Channel = [];
      const hub = new LocalBusHub({ schedule: (deliver) => underWay.push(deliver) });
      let last = 0;
      const start = () => {
        last += 1;
        return new ModelWorker(last, hub);
      };
      const workers = [start(), start(), start()];
      const dead: ModelWorker[] = [];
      const channels = () => [underWay, ...workers.flatMap((worker) => worker.channels)];
      // What the hub answers to a join, it answers a turn later.
      const settle = async () => {
        while (channels().some((channel) => channel.length > 0)) {
          for (const channel of channels()) channel.shift()?.();
          await Promise.resolve();
        }
      };
      await settle();
      for (const [at, { do: what, one, other }] of steps.entries()) {
        const worker = workers[one] as ModelWorker;
        if (what === 'send') {
          const known = [...workers, ...dead].filter((each) => each !== worker);
          worker.send(known[(other + at) % known.length] as ModelWorker, String(at));
        } else if (what === 'arrive') channels()[(at + other) % 7]?.shift()?.();
        else {
          worker.die();
          dead.push(worker);
          workers[one] = start();
          await settle();
        }
      }
      await settle();
      for (const worker of [...workers, ...dead]) {
        const numbers = worker.received.map(Number);
        expect(new Set(numbers).size).toBe(numbers.length);
        for (const sender of workers) {
          const toIt = sender.sent.filter(({ to }) => to === worker).map(({ text }) => text);
          const got = worker.received.filter((text) => toIt.includes(text));
          // In the order in which they were sent, and all of them if both live.
          expect(got).toEqual(workers.includes(worker) ? toIt : toIt.slice(0, got.length));
          const missed = sender.unreachable.filter((node) => node === worker.node).length;
          expect(missed).toBeLessThanOrEqual(toIt.length - got.length);
        }
      }
      // Nobody hears of one that lives, and of one that was dead before it was sent to everybody hears.
      for (const sender of workers) {
        const alive = workers.map(({ node }) => node);
        expect(sender.unreachable.filter((node) => alive.includes(node))).toEqual([]);
      }
      for (const sender of workers)
        for (const one of dead) {
          const before = sender.unreachable.length;
          sender.send(one, 'late');
          await settle();
          expect(sender.unreachable.slice(before)).toEqual([one.node]);
        }
    }),
    { numRuns: 40 },
  );
});
