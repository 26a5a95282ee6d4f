/** What a session has waiting of its peers, and which seat a message means: its client and its seats are the test's own. */
import { describe, expect, it } from '@jest/globals';
import type { Client } from '../../../src/server/signaling/client.ts';
import type { Seat } from '../../../src/server/signaling/seat.ts';
import { ServerSession } from '../../../src/server/signaling/session.ts';

/** @param droppable how many of its client's 100 bytes wait of peers */
function sessionOf(id = 'me', droppable = 100) {
  const said: unknown[] = [];
  const client = {
    address: 'somewhere',
    waitingBytes: 100 as number,
    hasRoomFor: (bytes) => bytes === 0,
    dropWaiting(isDropped) {
      said.push([undefined, 1, 2].filter((epoch) => isDropped(epoch)));
      Object.assign(client, { waitingBytes: client.waitingBytes - droppable });
    },
    cutUnread: () => said.push('cut'),
  } as Partial<Client> as Client;
  const owner = {
    now: 0,
    overfull: ({ epoch }: Seat) => said.push(`${epoch} is overfull`),
    close: (_session: ServerSession, code: number, reason: string) => said.push([code, reason]),
  };
  const session = new ServerSession(id, client, 0, owner as never);
  const seat = (epoch: number, waitingBytes: number) =>
    ({ epoch, waitingBytes, peer: { id: `peer ${epoch}` } }) as unknown as Seat;
  return { session, said, client, owner, seats: [seat(1, 30), seat(2, 50)] as [Seat, Seat] };
}

describe('what waits for a client', () => {
  it('is of its only peer, and is dropped with that pairing where all wait for too much', () => {
    const { session, said, seats } = sessionOf();
    session.took(seats[0]);
    expect([session.waits, session.waitingBytes]).toEqual([[session], 100]);
    session.shedWaiting();
    expect(said).toEqual(['1 is overfull', [undefined, 1, 2], 'cut']);
  });

  it('is counted for each of several peers by itself, and what is of none of them is dropped alone', () => {
    const { session, said, seats } = sessionOf();
    for (const seat of seats) session.took(seat);
    expect([session.waits, session.waitingBytes]).toEqual([[session, ...seats], 20]);
    session.shedWaiting();
    expect(said).toEqual([[undefined], 'cut']);
  });

  it.each([
    [50, 50, []],
    [49, 0, [[1013, 'Too much waits for you']]],
  ])(
    'is no peer’s for the most part: of 100 bytes %i can be dropped, and %i wait',
    (droppable, left, end) => {
      const { session, said } = sessionOf('me', droppable);
      session.shedWaiting();
      expect([said, session.waitingBytes]).toEqual([[[undefined, 1, 2], 'cut', ...end], left]);
    },
  );

  it('leaves room for one more peer only if nothing more of what it was sent is unread than may be', () => {
    const { session, client } = sessionOf();
    expect(session.hasRoomForPeer).toBe(true);
    client.hasRoomFor = () => false;
    expect(session.hasRoomForPeer).toBe(false);
  });
});

describe('a message of a client', () => {
  it('means its only pairing whatever it says, and with several the one that it names', () => {
    const { session, seats } = sessionOf();
    const [one, two] = seats;
    const meant = () => [undefined, 1, 2, 3].map((epoch) => session.seatOf(epoch));
    expect(meant()).toEqual([undefined, undefined, undefined, undefined]);
    session.took(one);
    expect(meant()).toEqual([one, one, one, one]);
    session.took(two);
    expect(meant()).toEqual([undefined, one, two, undefined]);
    expect(['peer 1', 'peer 3'].map((id) => session.isPairedWith(id))).toEqual([true, false]);
    session.left(one);
    expect([session.seats, meant()]).toEqual([[two], [two, two, two, two]]);
    session.left(two);
    expect(session.seats).toEqual([]);
  });
});

describe('a client that was left', () => {
  it('is remembered until the two are paired again', () => {
    const { session, seats } = sessionOf();
    expect(session.hasJustLeft('peer 1')).toBe(false);
    session.leaves('peer 1');
    expect(['peer 1', 'peer 2'].map((id) => session.hasJustLeft(id))).toEqual([true, false]);
    session.took(seats[1]);
    expect(session.hasJustLeft('peer 1')).toBe(true);
    session.took(seats[0]);
    expect(session.hasJustLeft('peer 1')).toBe(false);
  });
});

it('who guesses keys is known by the address, and by the app where there is one', () => {
  expect(sessionOf('me').session.guesser).toBe('somewhere');
  expect(sessionOf('app/me').session.guesser).toBe('app somewhere');
});
