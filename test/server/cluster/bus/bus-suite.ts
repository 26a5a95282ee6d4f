/** What every bus promises its nodes, whatever carries the messages: each adapter runs this with the real thing. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '../../../../src/server/cluster/bus/bus.ts';
import type { NodeId } from '../../../../src/server/node-id.ts';
import { BusNode } from '../../../support/network/bus-node.ts';

/** One cluster under test, new for each promise. */
export interface BusRig {
  /** Something other than the nodes carries the messages. */
  readonly hasBroker: boolean;
  /** The bus of a node, not started. */
  bus(id: NodeId): Bus;
  /** What carries the messages breaks, for all nodes. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  /** Sends what is no message of ours to a node, in every way that the network has; absent where there is no network. */
  sendJunk?(to: NodeId): Promise<void>;
  end(): Promise<void>;
}

export function describeBus(name: string, createRig: () => Promise<BusRig>): void {
  let rig: BusRig;
  let nodes: BusNode[];

  const join = async (id: NodeId): Promise<BusNode> => {
    const node = new BusNode(rig.bus(id), id);
    nodes.push(node);
    await node.start();
    await node.isUp();
    return node;
  };
  /** Until each of them reaches each other: on a network of servers word takes a while to get around. */
  const joinAll = async <Ids extends readonly NodeId[]>(...ids: Ids) => {
    const joined: BusNode[] = [];
    for (const id of ids) joined.push(await join(id));
    for (const from of joined) for (const to of joined) if (from !== to) await from.reaches(to);
    return joined as { [Index in keyof Ids]: BusNode };
  };

  describe(`the ${name} bus`, () => {
    beforeEach(async () => {
      nodes = [];
      rig = await createRig();
    });
    afterEach(async () => {
      await Promise.all(nodes.map((node) => node.bus.stop()));
      await rig.end();
    });

    it('says whether something other than the nodes carries its messages', () => {
      expect(rig.bus(1).hasBroker).toBe(rig.hasBroker);
    });

    it('brings a message to the node that it was sent to, and to no other', async () => {
      const [ada, bob, eve] = await joinAll(1, 2, 0xffff_ffff);
      ada.bus.send(2, 'for bob');
      expect(await bob.next()).toBe('for bob');
      await ada.reaches(eve);
      await bob.reaches(ada);
      for (const node of [ada, bob, eve]) expect(node.texts).toEqual([]);
    });

    it.each([
      ['empty', ''],
      ['of many scripts', 'ä – 日本語 – 👩‍👩‍👧 – \u0000\r\n\u2028 – עברית'],
      ['just over 64 KiB', `${'é'.repeat(32 * 1024)}!`],
      ['of 3 MiB', `${'0123456789abcde👩'.repeat((3 * 1024 * 1024) / 19)}end`],
    ])('brings a message unchanged that is %s', async (_what, text) => {
      const [ada, bob] = await joinAll(1, 2);
      ada.bus.send(2, text);
      const arrived = await bob.next();
      // Not toBe: a failure would print megabytes.
      expect(arrived === text).toBe(true);
    });

    it('keeps the order of what one node sends to another, large and small', async () => {
      const [ada, bob] = await joinAll(1, 2);
      const sent = Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(i % 50 === 7 ? 300_000 : i)}`);
      for (const text of sent) ada.bus.send(2, text);
      const arrived: string[] = [];
      while (arrived.length < sent.length) arrived.push(await bob.next());
      expect(arrived.map((text) => text.length)).toEqual(sent.map((text) => text.length));
      expect(arrived.map((text) => Number.parseInt(text, 10))).toEqual(sent.map((_, i) => i));
    });

    it('brings a broadcast to all others, and not to its sender', async () => {
      const [ada, bob, eve] = await joinAll(1, 2, 3);
      ada.bus.broadcast('to all');
      expect([await bob.next(), await eve.next()]).toEqual(['to all', 'to all']);
      ada.bus.broadcast('x'.repeat(200_000));
      expect([(await bob.next()).length, (await eve.next()).length]).toEqual([200_000, 200_000]);
      await bob.reaches(ada);
      expect(ada.texts).toEqual([]);
    });

    it('broadcasts to nobody when the node is alone', async () => {
      const ada = await join(1);
      ada.bus.broadcast('is anybody there?');
      ada.bus.send(2, 'or there?');
      expect(await ada.nextUnreachable()).toBe(2);
      expect(ada.texts).toEqual([]);
    });

    it('tells that a node is not there, short message or long, and that harms nobody', async () => {
      const [ada, bob] = await joinAll(1, 2);
      ada.bus.send(3, 'hello?');
      expect(await ada.nextUnreachable()).toBe(3);
      ada.bus.send(0xffff_fffe, 'x'.repeat(2_000_000));
      expect(await ada.nextUnreachable()).toBe(0xffff_fffe);
      await ada.reaches(bob);
      await bob.reaches(ada);
      expect(bob.unreachable).toEqual([]);
    });

    it('does not bring a node what it sends to itself: that node is told to be unreachable', async () => {
      const [ada] = await joinAll(1, 2);
      ada.bus.send(1, 'to myself');
      expect(await ada.nextUnreachable()).toBe(1);
      expect(ada.texts).toEqual([]);
    });

    it('tells that a node is gone, and reaches it again when it came back', async () => {
      const [ada, bob] = await joinAll(1, 2);
      await bob.bus.stop();
      await ada.misses(2);
      const again = await join(2);
      await ada.reaches(again);
      await again.reaches(ada);
    });

    it('tells when it goes away and when it is back, and works again', async () => {
      const [ada, bob] = await joinAll(1, 2);
      expect(ada.states).toEqual(['up']);
      await rig.goAway();
      await Promise.all([ada.isDown(), bob.isDown()]);
      await rig.comeBack();
      await Promise.all([ada.isUp(), bob.isUp()]);
      await ada.reaches(bob);
      await bob.reaches(ada);
      for (const node of [ada, bob]) expect(node.states).toEqual(['up', 'down', 'up']);
    });

    it('drops what is sent while it is away', async () => {
      const [ada, bob] = await joinAll(1, 2);
      await rig.goAway();
      await Promise.all([ada.isDown(), bob.isDown()]);
      ada.bus.send(2, 'too late');
      ada.bus.send(2, 'x'.repeat(2_000_000));
      ada.bus.broadcast('too late for all');
      await rig.comeBack();
      await Promise.all([ada.isUp(), bob.isUp()]);
      await ada.reaches(bob);
      expect(bob.texts).toEqual([]);
    });

    it('starts while it is away: says so, goes on trying, and works once it is there', async () => {
      await rig.goAway();
      const [ada, bob] = [1, 2].map((id) => new BusNode(rig.bus(id), id)) as [BusNode, BusNode];
      nodes.push(ada, bob);
      await Promise.all([ada.start(), bob.start()]);
      for (const node of [ada, bob]) expect(node.states).toEqual(['down']);
      await rig.comeBack();
      await Promise.all([ada.isUp(), bob.isUp()]);
      await ada.reaches(bob);
    });

    it('tells nothing after its stop, and can be stopped twice and before it is up', async () => {
      const [ada, bob] = await joinAll(1, 2);
      ada.bus.send(2, 'too late');
      ada.bus.send(3, 'nobody');
      const told = [ada, bob].map((node) => node.told);
      await Promise.all([ada, bob].map((node) => node.bus.stop()));
      ada.bus.send(2, 'after the stop');
      ada.bus.broadcast('after the stop');
      const eve = await join(3);
      eve.bus.send(1, 'are you there?');
      await eve.nextUnreachable();
      await rig.goAway();
      await eve.isDown();
      expect([ada, bob].map((node) => node.told)).toEqual(told);
      const late = rig.bus(4);
      const started = late.start(new BusNode(late, 4).handlers);
      await Promise.all([late.stop(), started]);
      await ada.bus.stop();
    });

    it('refuses a second node with the same number, and the first one stays', async () => {
      const [ada, bob] = await joinAll(1, 2);
      const second = new BusNode(rig.bus(1), 1);
      nodes.push(second);
      await expect(second.start()).rejects.toThrow(
        'Another node of this cluster has the number 1. Give each node its own --node',
      );
      expect(second.told).toBe(0);
      await bob.reaches(ada);
      await ada.reaches(bob);
    });

    it('passes over junk, and the node hears nothing of it', async () => {
      const [ada, bob] = await joinAll(1, 2);
      await rig.sendJunk?.(1);
      await bob.reaches(ada);
      await ada.reaches(bob);
      expect([ada.texts, ada.unreachable, ada.states]).toEqual([[], [], ['up']]);
    });
  });
}
