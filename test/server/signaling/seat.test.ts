/** What may wait for a client of what one peer sent it, to the byte: its client and its pairing are the test's own. */
import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../../src/server/signaling/client.ts';
import type { ServerPairing } from '../../../src/server/signaling/pairing.ts';
import { Seat, type SeatHolder } from '../../../src/server/signaling/seat.ts';
import type { Signal } from '../../../src/server/signaling/signal.ts';

const MAX_BYTES = 1_000;
/** What keeping a message costs besides its bytes: see docs/operations.md. */
const KEPT_BYTES = 512;
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

  it('the bytes of dropped messages wait no longer, their places do until it acks them', () => {
    const { seat, acks, wait } = seatOf();
    wait(300);
    wait(400);
    expect(seat.waitingBytes).toBe(700 + 2 * KEPT_BYTES);
    seat.shedWaiting();
    expect(seat.waitingBytes).toBe(2 * KEPT_BYTES);
    for (const acked of acks) acked();
    expect(seat.waitingBytes).toBe(0);
  });
});
