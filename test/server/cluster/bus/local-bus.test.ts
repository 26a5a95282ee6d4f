import { describe, expect, it } from '@jest/globals';
import { LocalBusHub } from '../../../../src/server/cluster/bus/local-bus.ts';
import fc from '../../../support/fast-check.ts';
import { BusNode } from '../../../support/network/bus-node.ts';
import { describeBus } from './bus-suite.ts';

describeBus('local', async () => {
  const hub = new LocalBusHub();
  return {
    hasBroker: true,
    bus: (id) => hub.bus(id),
    goAway: async () => hub.goAway(),
    comeBack: async () => hub.comeBack(),
    end: async () => {},
  };
});

describe('the local bus', () => {
  const pairOn = async (hub: LocalBusHub) => {
    const [ada, bob] = [1, 2].map((id) => new BusNode(hub.bus(id), id)) as [BusNode, BusNode];
    await Promise.all([ada.start(), bob.start()]);
    return [ada, bob] as const;
  };

  it('delivers nothing within the call that sends it', async () => {
    const hub = new LocalBusHub();
    const [ada, bob] = await pairOn(hub);
    ada.bus.send(2, 'hello');
    ada.bus.send(3, 'hello?');
    expect([bob.texts, ada.unreachable]).toEqual([[], []]);
    expect(await bob.next()).toBe('hello');
  });

  it('sends together what is sent at the end of a turn: not at once, and before any I/O', async () => {
    const [ada, bob] = await pairOn(new LocalBusHub());
    ada.bus.endOfTurn?.(() => ada.bus.send(2, 'hello'));
    await Promise.resolve();
    expect(await Promise.race([bob.next(), new Promise((resolve) => setImmediate(resolve, 'nothing'))])).toBe(
      'hello',
    );
  });

  it('brings nothing that was under way when it went away', async () => {
    const due: (() => void)[] = [];
    const hub = new LocalBusHub({ schedule: (deliver) => due.push(deliver) });
    const [ada, bob] = await pairOn(hub);
    ada.bus.send(2, 'lost');
    hub.goAway();
    hub.comeBack();
    ada.bus.send(2, 'after');
    for (const deliver of due) deliver();
    expect(bob.texts).toEqual(['after']);
  });

  it('in a test brings a message when the test says so, until it is to be soon again', async () => {
    const due: (() => void)[] = [];
    const hub = new LocalBusHub();
    const [ada, bob] = await pairOn(hub);
    hub.hold((deliver) => due.push(deliver));
    ada.bus.send(2, 'held');
    await new Promise((resolve) => setImmediate(resolve));
    expect(bob.texts).toEqual([]);
    for (const deliver of due) deliver();
    expect(bob.texts).toEqual(['held']);
    hub.hold(undefined);
    ada.bus.send(2, 'soon');
    await new Promise((resolve) => setImmediate(resolve));
    expect([bob.texts, due.length]).toEqual([['held', 'soon'], 1]);
  });

  it('in a test cuts a node off from all others, and nobody hears of it', async () => {
    const hub = new LocalBusHub();
    const [ada, bob] = await pairOn(hub);
    const mend = hub.sever(2);
    ada.bus.send(2, 'lost');
    bob.bus.send(1, 'lost, too');
    await new Promise((resolve) => setImmediate(resolve));
    expect([bob.told, ada.told]).toEqual([1, 1]);
    mend();
    await ada.reaches(bob);
    await bob.reaches(ada);
    expect(() => hub.sever(3)).toThrow('there is no node 3');
  });

  it.each([true, false])('has a broker or none, as its hub is told: %j', (hasBroker) => {
    expect(new LocalBusHub({ hasBroker }).bus(1).hasBroker).toBe(hasBroker);
  });

  it("keeps each pair's order in whatever order its deliveries are run", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ from: fc.integer({ min: 1, max: 3 }), to: fc.integer({ min: 1, max: 3 }) })),
        fc.infiniteStream(fc.nat()),
        async (sends, chance) => {
          const due: (() => void)[] = [];
          const hub = new LocalBusHub({ schedule: (deliver) => due.push(deliver) });
          const nodes = [1, 2, 3].map((id) => new BusNode(hub.bus(id), id));
          for (const node of nodes) await node.start();
          const expected = new Map<string, string[]>();
          for (const [i, { from, to }] of sends.entries()) {
            if (from === to) continue;
            const pair = `${from} ${to}`;
            expected.set(pair, [...(expected.get(pair) ?? []), `${pair} ${i}`]);
            nodes[from - 1]?.bus.send(to, `${pair} ${i}`);
          }
          while (due.length > 0) due.splice((chance.next().value ?? 0) % due.length, 1)[0]?.();
          for (const [pair, texts] of expected) {
            const got = nodes[Number(pair.split(' ')[1]) - 1]?.texts.filter((text) => text.startsWith(pair));
            expect(got).toEqual(texts);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
