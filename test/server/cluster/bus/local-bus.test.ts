import { describe, expect, it } from '@jest/globals';
import { LocalBusHub } from '../../../../src/server/cluster/bus/local-bus.ts';
import fc from '../../../support/fast-check.ts';
import { BusNode } from '../../../support/network/bus-node.ts';
import { describeBus } from './bus-suite.ts';

describeBus('local', async () => {
  const hub = new LocalBusHub();
  return {
    bus: (id) => hub.bus(id),
    goAway: async () => hub.goAway(),
    comeBack: async () => hub.comeBack(),
    end: async () => {},
  };
});

describe('the local bus', () => {
  it('delivers nothing within the call that sends it', async () => {
    const hub = new LocalBusHub();
    const [ada, bob] = [1, 2].map((id) => new BusNode(hub.bus(id), id)) as [BusNode, BusNode];
    await Promise.all([ada.start(), bob.start()]);
    ada.bus.send(2, 'hello');
    ada.bus.send(3, 'hello?');
    expect([bob.texts, ada.unreachable]).toEqual([[], []]);
    expect(await bob.next()).toBe('hello');
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
