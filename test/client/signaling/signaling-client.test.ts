/** The link to the server, socket by socket: what each is opened with, what goes over it and when, how it ends. */
import { describe, expect, it } from '@jest/globals';
import { PairlaneError } from '../../../src/client/peer/errors.ts';
import { ServerAllowance } from '../../../src/client/signaling/server-allowance.ts';
import { SignalingLink } from '../../../src/client/signaling/signaling-client.ts';
import { claimsOf } from '../../../src/client/signaling/signaling-event.ts';
import type { SocketHandlers } from '../../../src/client/signaling/socket.ts';
import type { TokenSource } from '../../../src/client/signaling/token-source.ts';
import { closeCodes } from '../../../src/protocol/index.ts';
import { settled } from '../../support/peers/played-peer.ts';

const MIB = 1024 * 1024;
const welcome = { type: 'your_id', id: 'me', ping_interval_ms: 0, resume: 'a secret' };
/** Of a server that keeps no sessions. */
const plainWelcome = { ...welcome, resume: undefined };

/** A link whose sockets the test plays. */
function playedLink(tokens?: Pick<TokenSource, 'get' | 'canRefresh'>, isMany = false) {
  const sockets: {
    readonly url: URL;
    readonly token: string | undefined;
    readonly handlers: SocketHandlers;
    /** With whether it can wait. */
    readonly sent: [text: string, canWait: boolean][];
    readonly ends: unknown[];
    unsentBytes: number;
  }[] = [];
  const told: unknown[] = [];
  const link = new SignalingLink(
    'ws://played/?peers=2',
    (url, handlers, token) => {
      const socket = {
        url: new URL(url),
        token,
        handlers,
        sent: [] as [string, boolean][],
        ends: [] as unknown[],
        unsentBytes: 0,
      };
      sockets.push(socket);
      return Object.assign(socket, {
        send: (text: string, canWait = false) => socket.sent.push([text, canWait]),
        close: (...end: unknown[]) => socket.ends.push(end.filter((part) => part !== undefined)),
      });
    },
    {
      isMany,
      received: ({ type }) => told.push(type),
      problem: ({ code }) => told.push(['problem', code]),
      lost: ({ mayReturn, reason, afterMs, error }) =>
        told.push(['lost', mayReturn, reason, afterMs, error?.code]),
      sessionLost: () => told.push('session lost'),
      claims: () => ({ pairing: { peer_id: 'you', epoch: 1, initiator: true } }),
      allowance: new ServerAllowance(1, () => 0),
      ...(tokens && { tokens: tokens as TokenSource }),
    },
  );
  const last = () => {
    const socket = sockets.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  };
  const say = (message: object) => last().handlers.received(JSON.stringify(message));
  /** Opens a socket and has it welcomed. */
  const begin = (greeting: object = welcome) => {
    link.open();
    last().handlers.opened();
    say(greeting);
  };
  return { link, sockets, told, last, say, begin, said: () => last().sent.map(([text]) => JSON.parse(text)) };
}

describe('a socket', () => {
  it('is opened for a new session at first, and for the same one later; the rest of the URL stays', () => {
    const { link, sockets, begin, last } = playedLink();
    begin();
    last().handlers.closed(1006, '');
    link.open();
    expect(sockets.map(({ url }) => url.search)).toEqual([
      '?peers=2&resume=1&evidence=2',
      '?peers=2&resume=back&evidence=2',
    ]);
  });

  it('that is to resume a session gets nothing before its welcome but the resume, with what we claim', () => {
    const { link, begin, last, said, say } = playedLink();
    begin();
    expect(said()).toEqual([]);
    last().handlers.closed(1006, '');
    link.open();
    link.send({ type: 'create_key' });
    last().handlers.opened();
    link.send({ type: 'report', state: 'connected' });
    expect(said()).toEqual([
      expect.objectContaining({ type: 'resume', pairing: { peer_id: 'you', epoch: 1, initiator: true } }),
    ]);
    say({ ...welcome, received: 0 });
    expect(last().sent.slice(1)).toEqual([
      ['[1,0,{"type":"create_key"}]', false],
      ['[2,0,{"type":"report","state":"connected"}]', false],
    ]);
  });

  it('sends an offer ahead for its last request, and none without one or to a server that keeps no session', () => {
    const { link, begin, last } = playedLink();
    const { resume: _, ...plain } = welcome;
    begin(plain);
    link.send({ type: 'pair_request', target_id: 'you' });
    link.offerAhead('to nobody');
    expect(last().sent.map(([text]) => JSON.parse(text).type)).toEqual(['pair_request']);
    last().handlers.closed(1006, '');
    begin();
    link.offerAhead('to nobody');
    link.send({ type: 'create_key' });
    link.send({ type: 'pair_request', target_id: 'you' });
    link.send({ type: 'create_key' });
    link.offerAhead('ahead');
    expect(
      last()
        .sent.map(([text]) => JSON.parse(text)[2])
        .filter(({ type }) => type === 'offer'),
    ).toEqual([{ type: 'offer', sdp: 'ahead', request: 2 }]);
  });

  it('may keep back for a moment what nobody waits for, and nothing else', () => {
    const { link, begin, last } = playedLink();
    for (const greeting of [welcome, plainWelcome]) {
      begin(greeting);
      link.send({ type: 'report', state: 'connected' });
      link.send({ type: 'candidate', candidate: null });
      link.send({ type: 'candidate', candidate: { candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 } });
      link.send({ type: 'create_key' });
      expect(
        last()
          .sent.slice(-4)
          .map(([, canWait]) => canWait),
      ).toEqual([true, true, false, false]);
      link.close();
    }
  });

  it('that was lost, dropped or closed hears nothing more and is not heard', () => {
    for (const end of ['lost', 'drop', 'close'] as const) {
      const { link, begin, last, told } = playedLink();
      begin(plainWelcome);
      const { handlers, sent } = last();
      if (end === 'lost') handlers.closed(1006, 'cable');
      else link[end]();
      const before = told.length;
      link.send({ type: 'create_key' });
      handlers.opened();
      handlers.received(JSON.stringify({ type: 'ping' }));
      handlers.controlled?.(64 * MIB);
      handlers.closed(1006, '');
      expect([end, sent, told.slice(before)]).toEqual([end, [], []]);
    }
  });

  it('is given up with 4000, which keeps the session, and closed with 1000, which ends it', () => {
    const { link, begin, last } = playedLink();
    begin();
    link.drop();
    expect(last().ends).toEqual([[4000]]);
    link.open();
    expect(last().url.searchParams.get('resume')).toBe('back');
    link.close();
    expect(last().ends).toEqual([[1000]]);
    link.open();
    expect(last().url.searchParams.get('resume')).toBe('1');
  });

  it('is waited for at the end until it is closed', async () => {
    const { link, begin, last } = playedLink();
    await link.closed();
    begin();
    link.close();
    let isClosed = false;
    link.closed().then(() => {
      isClosed = true;
    });
    await settled();
    expect(isClosed).toBe(false);
    last().handlers.closed(1000, '');
    await settled();
    expect(isClosed).toBe(true);
  });

  it('of a server that leaves more than 32 MiB unread is left for good, with the session', () => {
    const { link, begin, say, last, told } = playedLink();
    begin();
    last().unsentBytes = 32 * MIB;
    say({ type: 'ping' });
    expect([last().ends, told]).toEqual([[], ['your_id']]);
    last().unsentBytes += 1;
    say({ type: 'ping' });
    expect(last().ends).toEqual([[4000, 'The server sent more than a client takes']]);
    expect(told.slice(1)).toEqual([
      'session lost',
      ['lost', false, expect.any(String), undefined, 'server_flooding'],
    ]);
    link.open();
    expect(last().url.searchParams.get('resume')).toBe('1');
  });
});

describe('a token', () => {
  it('that is fetched for a socket that nobody wants any more opens none; nor does its failure tell', async () => {
    const fetched: { resolve: (token: string) => void; reject: (error: PairlaneError) => void }[] = [];
    const get = () => new Promise<string>((resolve, reject) => fetched.push({ resolve, reject }));
    const { link, sockets, told } = playedLink({ get, canRefresh: true });
    link.open();
    link.open();
    fetched[0]?.resolve('first');
    fetched[1]?.resolve('second');
    await settled();
    expect(sockets.map(({ token }) => token)).toEqual(['second']);
    link.open();
    link.drop();
    link.open();
    fetched[2]?.reject(new PairlaneError('token_failed'));
    await settled();
    expect([sockets.length, told]).toEqual([1, []]);
    fetched[3]?.resolve('fourth');
    link.close();
    await settled();
    expect([sockets.length, told]).toEqual([1, []]);
  });

  it('that cannot be fetched is told, and tried again later', async () => {
    const { link, sockets, told } = playedLink({
      get: () => Promise.reject(new PairlaneError('token_failed', 'no net')),
      canRefresh: true,
    });
    link.open();
    await settled();
    expect([sockets.length, told]).toEqual([
      0,
      [
        ['problem', 'token_failed'],
        ['lost', true, expect.stringContaining('no net'), undefined, undefined],
      ],
    ]);
  });

  it.each([
    [
      'may be tried anew once, and again after a welcome, where it is fetched',
      true,
      [true, false, true, false],
    ],
    ['is not presented again where it is a text', false, [false, false, false, false]],
  ])('that is refused %s', (_what, canRefresh, returns) => {
    const { link, begin, last, told } = playedLink({ get: () => 'a token', canRefresh });
    const refuse = () => {
      link.open();
      last().handlers.closed(closeCodes.unauthorized, '');
    };
    refuse();
    refuse();
    begin(plainWelcome);
    last().handlers.closed(closeCodes.unauthorized, '');
    refuse();
    const lost = told.filter(Array.isArray).map(([, mayReturn]) => mayReturn);
    expect(lost).toEqual(returns);
  });

  it.each([
    ['asks who we are', closeCodes.timedOut, undefined, false, true],
    ['does not hear us, though we said', closeCodes.timedOut, 'a token', false, false],
    ['knew us', closeCodes.timedOut, undefined, true, false],
    ['is lost', 1006, undefined, false, false],
  ])('that is missing is told if the server %s', (_what, code, token, isWelcome, isTold) => {
    const { link, begin, last, told } = playedLink(
      token === undefined ? undefined : { get: () => token, canRefresh: false },
    );
    if (isWelcome) begin();
    else link.open();
    last().handlers.closed(code, '');
    expect(told.some((what) => String(what) === 'problem,token_missing')).toBe(isTold);
  });
});

describe('the end of a socket', () => {
  it.each([
    [1006, true, undefined],
    [1012, true, undefined],
    [closeCodes.replaced, false, 'replaced'],
    [closeCodes.policyViolation, false, 'ended'],
  ])('by %p lets us return: %p', (code, mayReturn, error) => {
    const { begin, last, told } = playedLink();
    begin();
    last().handlers.closed(code, 'why');
    expect(told.slice(1)).toEqual([['lost', mayReturn, 'why', undefined, error]]);
  });

  it('comes after as long as the server said on that socket, which does not count for the next one', () => {
    const { link, begin, last, say, told } = playedLink();
    begin();
    say([1, 0, { type: 'restarting', after_ms: 700 }]);
    last().handlers.closed(1012, '');
    link.open();
    last().handlers.closed(1006, '');
    expect(told.slice(1)).toEqual([
      ['lost', true, '', 700, undefined],
      ['lost', true, '', undefined, undefined],
    ]);
  });

  it('loses what we said where the server keeps no sessions', () => {
    const { begin, last, told } = playedLink();
    begin(plainWelcome);
    last().handlers.closed(1006, '');
    expect(told).toEqual(['your_id', 'session lost', ['lost', true, '', undefined, undefined]]);
  });
});

describe('a session', () => {
  it.each([
    ['another id', { id: 'another', received: 0 }],
    ['no count of what it received', {}],
    ['no secret for the next time', { received: 0, resume: undefined }],
  ])('is over if the server welcomes us back with %s, and nothing is sent again', (_what, more) => {
    const { link, begin, last, say, said, told } = playedLink();
    begin();
    link.send({ type: 'create_key' });
    last().handlers.closed(1006, '');
    link.open();
    last().handlers.opened();
    say({ ...welcome, ...more });
    expect(said().length).toBe(1);
    expect(told.slice(-2)).toEqual(['session lost', 'your_id']);
  });
});

describe('a frame', () => {
  it('of bytes is a violation of the protocol that the link survives, with and without a session', () => {
    for (const greeting of [welcome, plainWelcome]) {
      const { begin, last, told } = playedLink();
      begin(greeting);
      last().handlers.received(new ArrayBuffer(8));
      expect([told.slice(1), last().ends]).toEqual([[['problem', 'invalid_server_message']], []]);
    }
  });

  it('with a number is a violation of the protocol where there is no session', () => {
    const { begin, say, told } = playedLink();
    begin(plainWelcome);
    say([1, 0, { type: 'leader', room: 'r', id: 'x' }]);
    expect(told.slice(1)).toEqual([['problem', 'invalid_server_message']]);
  });

  it('is handled once; one whose number cannot be is told and passed over', () => {
    const { begin, say, told } = playedLink();
    begin();
    const leader = { type: 'leader', room: 'r', id: 'x' };
    say([1, 0, leader]);
    say([1, 0, leader]);
    expect(told.slice(1)).toEqual(['leader']);
    say([3, 0, leader]);
    say([2, 1, leader]);
    expect(told.slice(2)).toEqual(Array(2).fill(['problem', 'invalid_server_message']));
    say([2, 0, leader]);
    expect(told.at(-1)).toBe('leader');
  });

  it('that asks whether we are there is answered, without a number', () => {
    const { begin, say, said } = playedLink();
    begin();
    say({ type: 'ping' });
    expect(said()).toEqual([{ type: 'pong' }]);
  });

  it('that the server acks is not sent again', () => {
    const { link, begin, say, said, last } = playedLink();
    begin();
    link.send({ type: 'create_key' });
    link.send({ type: 'report', state: 'connected' });
    say({ type: 'ack', received: 1 });
    last().handlers.closed(1006, '');
    link.open();
    last().handlers.opened();
    expect(said()).toEqual([expect.objectContaining({ type: 'resume', first: 2, unacked: 1 })]);
    say({ ...welcome, received: 1 });
    expect(said().slice(1)).toEqual([[2, 0, { type: 'report', state: 'connected' }]]);
  });

  it('that is the 16th without an answer of ours is acked: a server keeps no more than 256', () => {
    const { begin, say, said } = playedLink();
    begin();
    for (let seq = 1; seq <= 15; seq += 1) say([seq, 0, { type: 'leader', room: 'r', id: 'x' }]);
    expect(said()).toEqual([]);
    say([16, 0, { type: 'leader', room: 'r', id: 'x' }]);
    expect(said()).toEqual([{ type: 'ack', received: 16 }]);
  });

  it('of a peer is remembered as the last one in the 1,000 pairings that were heard of last', () => {
    const { begin, say, told } = playedLink(undefined, true);
    begin();
    let seq = 0;
    const hears = (epoch: number, senderSeq: number) => {
      const before = told.length;
      seq += 1;
      say([seq, 0, { type: 'candidate', candidate: null, from_peer: true, epoch }, senderSeq]);
      return told.length > before;
    };
    for (let epoch = 1; epoch <= 1_000; epoch += 1) hears(epoch, 7);
    expect([hears(1, 7), hears(1, 8), hears(1_001, 7)]).toEqual([false, true, true]);
    expect([hears(1, 8), hears(3, 7), hears(2, 7)]).toEqual([false, false, true]);
  });

  it('of a peer is heard in a new pairing whatever its number is: its server has been restarted, and the same was asked again', () => {
    for (const isMany of [true, false]) {
      const { begin, say, told } = playedLink(undefined, isMany);
      begin();
      const paired = { type: 'paired', peer_id: 'you', initiator: false, polite: true, epoch: 1 };
      const offer = { type: 'offer', sdp: 'ahead', from_peer: true, epoch: 1 };
      say([1, 0, paired]);
      say([2, 0, offer, 2]);
      say({ ...welcome, received: 0, restarted: true });
      say([1, 0, paired]);
      say([2, 0, offer, 2]);
      expect(told.slice(1)).toEqual(['paired', 'offer', 'your_id', 'paired', 'offer']);
    }
  });

  it('of a peer counts by its number in that pairing, for a client with one peer over all of them', () => {
    for (const [isMany, heard] of [
      [true, 2],
      [false, 1],
    ] as const) {
      const { begin, say, told } = playedLink(undefined, isMany);
      begin();
      for (const [at, epoch] of [1, 2, 1].entries())
        say([at + 1, 0, { type: 'candidate', candidate: null, from_peer: true, epoch }, 7]);
      expect(told.slice(1)).toEqual(Array(heard).fill('candidate'));
    }
  });
});

it('pairings are claimed with the room that formed them, if one did; one alone by a client with one peer', () => {
  const [one, two] = [
    { peerId: 'you', epoch: 1, initiator: true },
    { peerId: 'she', epoch: 2, initiator: false, room: 'r' },
  ];
  const claims = [
    { peer_id: 'you', epoch: 1, initiator: true },
    { peer_id: 'she', epoch: 2, initiator: false, room: 'r' },
  ];
  expect(claimsOf([one, two], true)).toStrictEqual({ pairings: claims });
  expect(claimsOf([two], false)).toStrictEqual({ pairing: claims[1] });
  // A server of the original protocol restores none.
  expect(claimsOf([{ ...one, epoch: undefined }], true)).toStrictEqual({});
  expect(claimsOf([], false)).toStrictEqual({});
});
