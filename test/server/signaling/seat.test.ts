/** What may wait for a client of what one peer sent it, to the byte: its client and its pairing are the test's own. */
import { describe, expect, it } from '@jest/globals';
import type { Side } from '../../../src/machines/index.ts';
import { noLimits } from '../../../src/server/admission/tokens/grants.ts';
import type { Client } from '../../../src/server/signaling/client.ts';
import type { ServerPairing } from '../../../src/server/signaling/pairing.ts';
import { Seat, type SeatHolder } from '../../../src/server/signaling/seat.ts';
import type { Signal } from '../../../src/server/signaling/signal.ts';

const MAX_BYTES = 1_000;
/** What keeping a message costs besides its bytes: see docs/operations.md. */
const KEPT_BYTES = 512;
const DROPPED_BYTES = 128;
const pairing = { epoch: 1, party: () => ({ acked() {} }) } as unknown as ServerPairing;

/** A seat, and the acks of what waits for its client. */
function seatOf() {
  const acks: (() => void)[] = [];
  const client = {
    maxWaitingBytes: MAX_BYTES,
    hasRoomFor: () => true,
    dropWaiting() {},
    relay: (_signal, _epoch, relayed) => relayed && acks.push(() => relayed.onAcked?.()),
  } as Partial<Client> as Client;
  const seat = new Seat({ client, overfull() {} } as Partial<SeatHolder> as SeatHolder);
  const wait = (size: number) => {
    const message = { type: 'candidate', candidate: null } as Signal['message'];
    seat.relayKept({ bytes: new Uint8Array(), size, message }, pairing, 'initiator', 1);
  };
  return { seat, acks, wait };
}

describe('for a client', () => {
  it('one message of any size may wait, and with others as many bytes as it may have waiting', () => {
    const { seat, acks, wait } = seatOf();
    expect(seat.hasRoomFor(10 * MAX_BYTES)).toBe(true);
    wait(400);
    expect([600, 601].map((bytes) => seat.hasRoomFor(bytes))).toEqual([true, false]);
    acks.shift()?.();
    expect(seat.hasRoomFor(10 * MAX_BYTES)).toBe(true);
  });

  it('256 messages may wait, however short', () => {
    const { seat, acks, wait } = seatOf();
    for (let n = 0; n < 255; n += 1) wait(1);
    expect(seat.hasRoomFor(1)).toBe(true);
    wait(1);
    expect(seat.hasRoomFor(1)).toBe(false);
    acks.shift()?.();
    expect(seat.hasRoomFor(1)).toBe(true);
  });

  it('there is no more room than it has for all of its peers together', () => {
    const { seat } = seatOf();
    seat.session.client.hasRoomFor = (bytes) => bytes <= 10;
    expect([10, 11].map((bytes) => seat.hasRoomFor(bytes))).toEqual([true, false]);
  });

  it('the bytes of dropped messages wait no longer, their numbers do until it acks them', () => {
    const { seat, acks, wait } = seatOf();
    wait(300);
    wait(400);
    expect(seat.waitingBytes).toBe(700 + 2 * KEPT_BYTES);
    seat.shedWaiting();
    expect(seat.waitingBytes).toBe(2 * DROPPED_BYTES);
    for (const acked of acks) acked();
    expect(seat.waitingBytes).toBe(0);
  });
});

describe('a client that came from another node', () => {
  /** A seat whose peer notes what it is told, and whose client has that many signals unacked. */
  function moved({
    lastSenderSeq = 0,
    unacked = [] as readonly { senderSeq: number | undefined; text: string }[],
  }) {
    const [acked, given, said]: [number[], number[], unknown[]] = [[], [], []];
    const waitsFor = new Set<string>();
    const peer = {
      id: 'peer',
      acked: (seq: number) => acked.push(seq),
      isWaitingFor: (epoch: number, seq: number) => waitsFor.has(`${epoch} ${seq}`),
    };
    const client = {
      lastSenderSeq,
      unackedOf: (epoch: number) => (epoch === 1 ? unacked : []),
      nextSenderSeq: () => given.push(lastSenderSeq),
      dropWaiting: (isDropped) => said.push([1, 2].map((epoch) => isDropped(epoch))),
    } as Partial<Client> as Client;
    const seat = new Seat({
      client,
      took() {},
      left: () => said.push('left'),
      overfull: () => said.push('overfull'),
      dispatch: (event) => said.push(event),
    } as Partial<SeatHolder> as SeatHolder);
    seat.seated({ epoch: 1, other: () => peer } as unknown as ServerPairing, 'responder');
    return { seat, acked, given, said, waitsFor };
  }

  it('has waiting what it had there, until it acks that, and the sender has its ack', () => {
    const { seat, acked } = moved({
      unacked: [
        { senderSeq: 4, text: 'four' },
        { senderSeq: 5, text: 'fives' },
      ],
    });
    expect(seat.waitingBytes).toBe(9 + 2 * KEPT_BYTES);
    seat.ackedFrame(4, 4);
    expect([seat.waitingBytes, acked]).toEqual([5 + KEPT_BYTES, [4]]);
    seat.ackedFrame(5, 5);
    expect([seat.waitingBytes, acked]).toEqual([0, [4, 5]]);
  });

  it('loses of that, where too much waits, what is of this pairing alone', () => {
    const { seat, said } = moved({});
    seat.shedWaiting();
    expect(said).toEqual(['overfull', [true, false]]);
  });

  it('leaves no ack behind when it goes on to another: nobody keeps count of them any more', () => {
    const { seat, acked, said } = moved({
      unacked: [
        { senderSeq: 4, text: 'four' },
        { senderSeq: undefined, text: 'ours' },
      ],
    });
    seat.release();
    expect([acked, said, seat.pairing]).toEqual([[4], ['left', { type: 'UNPAIRED', epoch: 1 }], undefined]);
  });

  it.each([
    ['the last of them', 7, 7, true],
    ['one after it', 8, 7, false],
    ['the first where none was', 1, 0, false],
  ])('does not send twice what was forwarded before: %s', (_what, lastSenderSeq, upTo, wasForwarded) => {
    const { seat, given, waitsFor } = moved({ lastSenderSeq });
    seat.forwardedUpTo(upTo);
    expect([seat.wasForwarded(), given]).toEqual([wasForwarded, []]);
    // Its ack is held back as long as its peer has yet to ack it.
    waitsFor.add(`1 ${lastSenderSeq}`);
    expect([seat.wasForwarded(), given]).toEqual([wasForwarded, wasForwarded ? [lastSenderSeq] : []]);
  });
});

describe('a client in a new pairing', () => {
  function paired(
    side: Side,
    request?: SeatHolder['pendingPairRequest'],
    metadata?: unknown,
    asked?: SeatHolder['asked'],
  ) {
    const [told, events]: [unknown[], unknown[]] = [[], []];
    const client = {
      notify: (notice) => told.push(notice),
      unackedOf: () => [],
    } as Partial<Client> as Client;
    const holder = {
      id: 'me',
      client,
      grants: noLimits,
      pendingPairRequest: request,
      ...(asked && { asked }),
    };
    const dispatch = (event: unknown) => events.push(event);
    const seat = new Seat({ ...holder, took() {}, dispatch } as Partial<SeatHolder> as SeatHolder);
    const of = { epoch: 1, other: () => ({ id: 'peer' }), traceparent: 'its trace' };
    const pairing = { ...of, details: { room: 'a room', metadata } } as unknown as ServerPairing;
    seat.seated(pairing, side);
    return { seat, pairing, told, events };
  }

  it.each([
    ['initiator', {}],
    ['responder', { metadata: null }],
  ] as const)(
    'is told who and how, as %s, and what its peer says of itself only if that asked',
    (side, more) => {
      const { seat, pairing, told } = paired(side, undefined, null);
      seat.paired(pairing, (id) => [{ urls: [`stun:${id}`] }]);
      const isInitiator = side === 'initiator';
      const who = {
        type: 'paired',
        peerId: 'peer',
        isInitiator,
        epoch: 1,
        iceServers: [{ urls: ['stun:me'] }],
      };
      expect(told).toStrictEqual([
        { ...who, room: 'a room', traceparent: 'its trace', request: undefined, ...more },
      ]);
      const without = paired(side);
      without.seat.paired(without.pairing, () => undefined);
      expect(without.told[0]).not.toHaveProperty('metadata');
    },
  );

  it.each([
    ['that formed it', { request: 4, epoch: 1 }, 4],
    ['that formed another one', { request: 4, epoch: 2 }, undefined],
  ])('is told which request of its own it was %s', (_, asked, request) => {
    const { seat, pairing, told } = paired('initiator', undefined, undefined, asked);
    seat.paired(pairing, () => undefined);
    expect(told).toMatchObject([{ request }]);
  });

  it.each([
    ['that it asked for has its answer', { epoch: 1, targetId: undefined }, { answers: 'granted' }],
    ['by which its peer was faster has it, too', { epoch: 9, targetId: 'peer' }, { answers: 'crossed' }],
    ['with another than it asked for goes on waiting', { epoch: 9, targetId: 'another' }, {}],
    ['that it did not ask for waits for nothing', undefined, {}],
  ])('%s', (_what, request, more) => {
    const { seat, pairing, events } = paired('initiator', request);
    seat.paired(pairing, () => undefined);
    expect(events).toStrictEqual([{ type: 'PAIRED', epoch: 1, peerId: 'peer', ...more }]);
  });

  it.each([
    ['with the words of its peer', 'busy', { message: 'busy' }],
    ['without a word', undefined, {}],
  ])('that ends is told so, %s', (_what, message, more) => {
    const { seat, told } = paired('initiator');
    seat.disconnected('rejected', 'peer', message);
    expect(told).toStrictEqual([
      { type: 'peer_disconnected', peerId: 'peer', epoch: 1, reason: 'rejected', ...more },
    ]);
  });

  it('that it had before is told nothing new', () => {
    const { seat, pairing, told, events } = paired('initiator', { epoch: 1, targetId: 'peer' });
    seat.restored(pairing);
    expect([told, events]).toEqual([[], [{ type: 'PAIRED', epoch: 1, peerId: 'peer' }]]);
  });
});
