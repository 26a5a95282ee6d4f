/** What one node says to others to link up with them, over a bus that is the test's: to the envelope and the second. */
import { describe, expect, it } from '@jest/globals';
import { driveTimers } from '../../../src/common/clock.ts';
import { StepQueue } from '../../../src/machines/index.ts';
import type { Envelope, NodeMessage } from '../../../src/protocol/cluster/index.ts';
import type { BusHandlers } from '../../../src/server/cluster/bus/bus.ts';
import { NodeLinks } from '../../../src/server/cluster/node-links.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { keepLogs } from '../../support/relay/relay-logs.ts';
import { turn } from '../../support/until.ts';

type Said = Partial<Envelope> & { readonly to: number | 'all' };
const told: NodeMessage = { type: 'rooms_told' };

/** Node 1, which says nothing yet; the bus is up. */
async function nodeOne({ isUp = true } = {}) {
  const clock = new ManualClock();
  const queue = new StepQueue(clock);
  driveTimers(queue.timers, clock);
  const said: Said[] = [];
  const turnEnds: (() => void)[] = [];
  const events: (string | number | boolean)[][] = [];
  const { log, lines } = keepLogs();
  let bus: BusHandlers | undefined;
  const links = new NodeLinks({
    ...{ node: 1, queue, clock, log },
    bus: {
      hasBroker: true,
      start: async (handlers) => {
        bus = handlers;
      },
      stop: async () => {},
      send: (to, text) => void said.push({ to, ...JSON.parse(text) }),
      broadcast: (text) => void said.push({ to: 'all', ...JSON.parse(text) }),
      endOfTurn: (send) => void turnEnds.push(send),
    },
  });
  await links.start({
    opened: (node) => void events.push(['opened', node]),
    lost: (node, wasThere) => void events.push(['lost', node, wasThere]),
    failed: (node, code) => void events.push(['failed', node, code]),
    received: (node, { type }) => void events.push(['received', node, type]),
    busChanged: (up) => void events.push(['bus', up]),
  });
  const handlers = bus as unknown as BusHandlers;
  /** What was said since the last call. */
  const taken = () => {
    for (const send of turnEnds.splice(0)) send();
    return said.splice(0);
  };
  if (isUp) {
    handlers.up();
    taken();
    events.length = 0;
  }
  const hears = (envelope: Partial<Envelope>) =>
    handlers.received(JSON.stringify({ node: 2, link: 0, to_link: 0, seq: 0, ack: 0, ...envelope }));
  /** The number of our first link: the time at which it was made. */
  const first = clock.wallTime();
  return {
    ...{ clock, queue, links, handlers, events, lines, first, hears, taken },
    /** What happened since the last call. */
    seen: () => events.splice(0),
    /** Node 2 links up with this one, by its link of that number. */
    linked: (link = 5) => {
      hears({ link });
      hears({ link, to_link: links.links.get(2)?.number ?? 0 });
      taken();
      events.length = 0;
    },
  };
}

describe('a node', () => {
  it('announces itself to all when the bus is up, every 5 s, and at once when it is up again', async () => {
    const { clock, handlers, taken, seen } = await nodeOne({ isUp: false });
    const announced = { to: 'all', node: 1, link: 0, to_link: 0, seq: 0, ack: 0 };
    const announcesItself = () => {
      handlers.up();
      expect([taken(), seen()]).toEqual([[announced], [['bus', true]]]);
      clock.advance(4_950);
      expect(taken()).toEqual([]);
      clock.advance(50);
      expect(taken()).toEqual([announced]);
    };
    clock.advance(10_000);
    expect([taken(), seen()]).toEqual([[], []]);
    announcesItself();
    handlers.down('of a test');
    clock.advance(17_000);
    expect([taken(), seen()]).toEqual([[], [['bus', false]]]);
    announcesItself();
  });

  it('that stops says what was left to say, then goodbye to each node, and no more', async () => {
    const { clock, links, linked, first, taken } = await nodeOne();
    linked();
    links.send(2, told);
    links.send(3, told);
    await links.stop();
    const ours = { node: 1, ack: 0 };
    expect(taken()).toEqual([
      { to: 3, ...ours, link: first + 1, to_link: 0, seq: 0 },
      { to: 2, ...ours, link: first, to_link: 5, seq: 1, messages: [told] },
      { to: 2, ...ours, link: first, to_link: 5, seq: 0, is_goodbye: true },
      { to: 3, ...ours, link: first + 1, to_link: 0, seq: 0, is_goodbye: true },
    ]);
    clock.advance(10_000);
    expect(taken().filter(({ to }) => to === 'all')).toEqual([]);
  });

  it('has started and stopped when its bus has, and fails as that does', async () => {
    const fail: ((error: Error) => void)[] = [];
    const fails = () => new Promise<void>((_, reject) => fail.push(reject));
    const queue = new StepQueue();
    const links = new NodeLinks({
      ...{ node: 1, queue, clock: new ManualClock(), log: keepLogs().log },
      bus: { hasBroker: true, start: fails, stop: fails, send() {}, broadcast() {} },
    });
    const handler = { opened() {}, lost() {}, failed() {}, received() {}, busChanged() {} };
    for (const step of [() => links.start(handler), () => links.stop()]) {
      const isOver = step();
      expect(await Promise.race([isOver, turn().then(() => 'waits')])).toBe('waits');
      fail.pop()?.(new RangeError('as the bus'));
      await expect(isOver).rejects.toThrow('as the bus');
    }
    expect(fail).toEqual([]);
  });

  it('says nothing to itself, and makes nothing of its own words that come back', async () => {
    const { links, hears, taken } = await nodeOne();
    links.send(1, told);
    hears({ node: 1, link: 5 });
    expect([taken(), [...links.links.keys()]]).toEqual([[], []]);
  });

  it.each(['', 'no JSON', 'null', '[]', '{"node":2}', '{"node":-1,"link":5,"to_link":0,"seq":0,"ack":0}'])(
    'makes nothing of %j, which is no envelope',
    async (text) => {
      const { handlers, links, taken } = await nodeOne();
      handlers.received(text);
      expect([taken(), [...links.links.keys()]]).toEqual([[], []]);
    },
  );

  it('gives its links numbers that no link of it had before, even if they are made at the same time', async () => {
    const { clock, links, first } = await nodeOne();
    for (const node of [2, 3, 4]) links.send(node, told);
    clock.advance(0.5);
    links.send(5, told);
    clock.advance(99.75);
    links.send(6, told);
    expect([...links.links.values()].map(({ number }) => number - first)).toEqual([0, 1, 2, 3, 100]);
  });
});

describe('two nodes that meet', () => {
  it('greet each other, whoever announced itself, and are linked once each knows the number of the other', async () => {
    const { links, hears, first, taken, seen } = await nodeOne();
    const sign = { to: 2, node: 1, link: first, to_link: 0, seq: 0, ack: 0 };
    hears({});
    expect(taken()).toEqual([sign]);
    hears({});
    expect(taken()).toEqual([]);
    hears({ link: 5 });
    expect([taken(), links.isOpen(2), seen()]).toEqual([[{ ...sign, to_link: 5 }], false, []]);
    hears({ link: 5, to_link: first });
    expect([taken(), links.isOpen(2), seen()]).toEqual([[{ ...sign, to_link: 5 }], true, [['opened', 2]]]);
    expect([links.open, links.inUse]).toEqual([[2], [2]]);
  });

  it('are linked at once where one names the link of the other, and what it says with that counts', async () => {
    const { links, hears, first, taken, seen } = await nodeOne();
    links.send(2, told);
    expect([links.open, links.inUse, links.isOpen(2), links.isOpen(9)]).toEqual([[], [], false, false]);
    hears({ link: 5, to_link: first, seq: 1, messages: [told] });
    expect(seen()).toEqual([
      ['opened', 2],
      ['received', 2, 'rooms_told'],
    ]);
    const ours = { to: 2, node: 1, link: first };
    expect(taken()).toEqual([
      { ...ours, to_link: 0, seq: 0, ack: 0 },
      { ...ours, to_link: 5, seq: 1, ack: 0, messages: [told] },
    ]);
  });

  it('forget links that the other one has forgotten: its greeting of such a link is answered with its number', async () => {
    const { links, hears, first, taken, seen } = await nodeOne();
    const sign = { to: 2, node: 1, link: first, seq: 0, ack: 0 };
    // For a node that knows nothing of the other, its own greeting does.
    hears({ link: 5, to_link: 77 });
    expect(taken()).toEqual([{ ...sign, to_link: 0 }]);
    hears({ link: 5, to_link: 77 });
    expect(taken()).toEqual([{ ...sign, to_link: 5 }]);
    expect([links.isOpen(2), seen()]).toEqual([false, []]);
  });

  it('have one link, also where one takes another number before it is in use', async () => {
    const { links, hears, first, taken } = await nodeOne();
    hears({ link: 5 });
    taken();
    hears({ link: 9 });
    expect(taken()).toEqual([{ to: 2, node: 1, link: first, to_link: 9, seq: 0, ack: 0 }]);
    hears({ link: 5, to_link: first });
    expect([taken(), links.isOpen(2)]).toEqual([[], false]);
    hears({ link: 9, to_link: first });
    expect(links.isOpen(2)).toBe(true);
  });
});

describe('a link', () => {
  it('gives a sign of life each second, and ends at the first beat 3.5 s after it was last heard', async () => {
    const { clock, links, hears, linked, first, taken, seen } = await nodeOne();
    linked();
    const sign = { to: 2, node: 1, link: first, to_link: 5, seq: 0, ack: 0 };
    const said = (ms: number) => {
      clock.advance(ms);
      return taken().filter(({ to }) => to === 2);
    };
    for (let beats = 0; beats < 3; beats += 1) {
      expect(said(950)).toEqual([]);
      expect(said(50)).toEqual([sign]);
    }
    hears({ link: 5, to_link: first });
    for (let beats = 0; beats < 3; beats += 1) expect(said(1_000)).toEqual([sign]);
    expect(said(950)).toEqual([]);
    expect([links.isOpen(2), seen()]).toEqual([true, []]);
    expect(said(50)).toEqual([]);
    expect([links.isOpen(2), seen()]).toEqual([false, [['lost', 2, true]]]);
  });

  it('that fails as it opens is over, and the failure in the log', async () => {
    const { links, hears, linked, first, events, seen, lines } = await nodeOne();
    events.push = () => {
      Reflect.deleteProperty(events, 'push');
      throw new RangeError('made to fail');
    };
    hears({ link: 5 });
    hears({ link: 5, to_link: first });
    expect([seen(), links.links.size]).toEqual([[['lost', 2, true]], 0]);
    const failure = { event: 'node_link_failed', node: 2, effect: 'announceOpen' };
    expect(lines).toContainEqual(expect.objectContaining(failure));
    linked(6);
    expect(links.isOpen(2)).toBe(true);
  });

  it('that is not answered is begun four times in 4 s, and ends as one of a node that was never there', async () => {
    const { clock, links, first, taken, seen, lines } = await nodeOne();
    const sign = { to: 3, node: 1, link: first, to_link: 0, seq: 0, ack: 0 };
    links.send(3, told);
    clock.advance(3_950);
    expect([taken().filter(({ to }) => to === 3), seen()]).toEqual([Array(4).fill(sign), []]);
    clock.advance(50);
    expect([taken(), seen(), lines]).toEqual([[], [['lost', 3, false]], []]);
    expect(links.links.size).toBe(0);
  });

  it('outlives a bus away, however long that takes, and what was said meanwhile follows', async () => {
    const { clock, handlers, links, linked, first, taken, seen } = await nodeOne();
    linked();
    handlers.down('of a test');
    links.send(2, told);
    clock.advance(60_000);
    const unavailable = ['failed', 2, 'unavailable'];
    expect([links.isOpen(2), links.inUse, taken(), seen()]).toEqual([
      ...[false, [2], []],
      [['bus', false], unavailable],
    ]);
    handlers.up();
    const messages = { to: 2, node: 1, link: first, to_link: 5, seq: 1, ack: 0, messages: [told] };
    expect(taken().filter(({ to }) => to === 2)).toEqual([messages]);
    expect(links.isOpen(2)).toBe(true);
  });

  it('of a node that the bus cannot reach leaves no request without an answer', async () => {
    const { handlers, links, linked, seen } = await nodeOne();
    linked();
    handlers.unreachable(2);
    handlers.unreachable(9);
    expect([seen(), links.isOpen(2)]).toEqual([[['failed', 2, 'target_not_found']], true]);
  });

  it('is another one where the other node has a later number, and the earlier number is heard no more', async () => {
    const { links, hears, linked, first, taken, seen, lines } = await nodeOne();
    linked(5);
    hears({ link: 9 });
    expect([seen(), lines.at(-1)]).toEqual([
      [['lost', 2, true]],
      expect.objectContaining({ event: 'node_lost', node: 2 }),
    ]);
    const sign = { to: 2, node: 1, link: first + 1, seq: 0, ack: 0 };
    expect(taken()).toEqual([
      { ...sign, to_link: 0 },
      { ...sign, to_link: 9 },
    ]);
    for (const link of [1, 5, 8])
      for (const to_link of [first, first + 1]) hears({ link, to_link, seq: 1, messages: [told] });
    expect([seen(), taken(), links.isOpen(2)]).toEqual([[], [], false]);
    hears({ link: 9, to_link: first + 1, seq: 1, messages: [told] });
    expect(seen()).toEqual([
      ['opened', 2],
      ['received', 2, 'rooms_told'],
    ]);
  });

  it('ends with a goodbye that names it, and with no other', async () => {
    const { links, hears, linked, first, taken, seen } = await nodeOne();
    linked();
    hears({ link: 5, to_link: first - 1, is_goodbye: true });
    hears({ node: 3, link: 5, is_goodbye: true });
    expect([taken(), seen(), links.open, links.links.size]).toEqual([[], [], [2], 1]);
    hears({ link: 5, to_link: first, is_goodbye: true });
    expect([taken(), seen(), links.open, links.links.size]).toEqual([[], [['lost', 2, true]], [], 0]);
  });

  it('brings each message once and in order; what comes after a gap has to come again', async () => {
    const { hears, linked, first, seen, taken, links } = await nodeOne();
    linked();
    const left = { type: 'left', id: 'x' };
    const says = (seq: number, ...messages: object[]) => hears({ link: 5, to_link: first, seq, messages });
    says(2, left);
    expect(seen()).toEqual([]);
    says(1, told, left);
    says(1, told, left);
    says(2, left, told);
    expect(seen().map(([, , type]) => type)).toEqual(['rooms_told', 'left', 'rooms_told']);
    // It has not sent what this one acks.
    hears({ link: 5, to_link: first, seq: 4, ack: 1, messages: [told] });
    expect([seen(), taken(), links.links.get(2)?.delivery.received]).toEqual([[], [], 3]);
  });

  it('that ends while messages of one envelope are handled brings no more of them, and says nothing more', async () => {
    const { events, links, hears, linked, first, seen, taken } = await nodeOne();
    linked();
    const link = links.links.get(2);
    // All that was said before and is to be acked now.
    hears({ link: 5, to_link: first, seq: 1, messages: Array(15).fill(told) });
    seen();
    links.send(2, told);
    const { push } = events;
    events.push = (...more) => {
      if (link) links.host.dispatch(link, { type: 'OVERFULL' });
      events.push = push;
      return events.push(...more);
    };
    hears({ link: 5, to_link: first, seq: 16, messages: [told, { type: 'left', id: 'x' }] });
    expect(seen()).toEqual([
      ['lost', 2, true],
      ['received', 2, 'rooms_told'],
    ]);
    const goodbye = { seq: 0, is_goodbye: true, to: 2, node: 1, link: first, to_link: 5 };
    expect(taken()).toEqual([{ ...goodbye, ack: 16 }]);
  });

  it('is acked after 16 messages, unless something is about to be said that acks them', async () => {
    const { links, hears, linked, first, taken } = await nodeOne();
    linked();
    const says = (seq: number, count: number) =>
      hears({ link: 5, to_link: first, seq, messages: Array(count).fill(told) });
    says(1, 15);
    expect(taken()).toEqual([]);
    says(16, 1);
    const sign = { to: 2, node: 1, link: first, to_link: 5, seq: 0 };
    expect(taken()).toEqual([{ ...sign, ack: 16 }]);
    links.send(2, told);
    says(17, 16);
    expect(taken()).toEqual([{ ...sign, seq: 1, ack: 32, messages: [told] }]);
  });

  it('keeps nothing that the other node acks, be it by a sign of life', async () => {
    const { links, hears, linked, first } = await nodeOne();
    linked();
    for (let n = 0; n < 3; n += 1) links.send(2, told);
    hears({ link: 5, to_link: first, ack: 2 });
    expect(links.links.get(2)?.delivery.unacked.map(({ seq }) => seq)).toEqual([3]);
  });
});
