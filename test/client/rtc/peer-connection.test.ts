/** One connection over a WebRTC that the test leads by the hand: order, refusals, what comes too late. */
import { describe, expect, it } from '@jest/globals';
import { type ConnectionHandlers, RtcConnection } from '../../../src/client/rtc/peer-connection.ts';
import type { PeerConnection as RtcPeerConnection } from '../../../src/client/rtc/types.ts';
import { FakeDataChannel, FakePeerConnection, SDP } from '../../support/peers/fake-rtc.ts';

function connect() {
  const rtc = new FakePeerConnection();
  const told: string[] = [];
  const tell =
    (name: string) =>
    (value?: unknown): void => {
      told.push(value === undefined || value === SDP ? name : `${name}(${describeValue(value)})`);
    };
  const handlers: ConnectionHandlers = {
    localOffer: tell('localOffer'),
    localAnswer: tell('localAnswer'),
    localCandidate: tell('localCandidate'),
    established: tell('established'),
    failed: tell('failed'),
    drained: tell('drained'),
    candidateRefused: tell('candidateRefused'),
    closedByPeer: tell('closedByPeer'),
    descriptionRefused: tell('descriptionRefused'),
    opened: tell('opened'),
    message: tell('message'),
    channelClosed: tell('channelClosed'),
    problem: tell('problem'),
  };
  const connection = new RtcConnection(rtc, [{ label: 'chat' }, { label: 'moves' }]);
  connection.begin(handlers);
  /** Runs operations until none is under way. */
  const finish = async () => {
    await rtc.rest();
    while (rtc.isBusy) await rtc.proceed();
  };
  return { rtc, told, connection, finish };
}

/** One that has offered and has its answer. */
async function agreed() {
  const connected = connect();
  const { told, connection, finish } = connected;
  connection.makeOffer(false);
  await finish();
  connection.applyAnswer(SDP);
  await finish();
  told.splice(0);
  return connected;
}

function describeValue(value: unknown): string {
  if (value === null) return 'end';
  const { code, candidate } = value as { code?: string; candidate?: string };
  return code ?? candidate ?? String(value);
}

const candidate = (name: string) => ({ candidate: name, sdpMid: '0' });

describe('a connection', () => {
  it('carries out what it is asked strictly one after another', async () => {
    const { rtc, connection, finish } = connect();
    connection.makeOffer(false);
    connection.applyOffer(SDP);
    connection.addCandidate(candidate('x'));
    connection.makeOffer(true);
    await rtc.rest();
    expect(rtc.calls).toEqual(['setLocal(offer)']);
    await rtc.proceed();
    expect(rtc.calls).toEqual(['setLocal(offer)', 'setRemote(offer)']);
    await finish();
    expect(rtc.calls).toEqual([
      ...['setLocal(offer)', 'setRemote(offer)', 'setLocal(answer)', 'add(x)'],
      ...['createOffer(restart)', 'setLocal(offer)'],
    ]);
  });

  it('adds held candidates once a description is applied, and not before', async () => {
    const { rtc, connection, finish } = connect();
    connection.holdCandidate(candidate('early'));
    connection.addCandidate(candidate('also early'));
    connection.holdCandidate(null);
    connection.applyOffer(SDP);
    await finish();
    expect(rtc.calls).toEqual([
      ...['setRemote(offer)', 'add(early)', 'add(also early)', 'setLocal(answer)', 'add(end)'],
    ]);
  });

  it('adds candidates side by side, and tells of one that is refused', async () => {
    const { rtc, told, connection, finish } = connect();
    connection.applyOffer(SDP);
    await finish();
    connection.addCandidate(candidate('bad'));
    connection.addCandidate(candidate('good'));
    await rtc.rest();
    expect(rtc.calls.slice(-2)).toEqual(['add(bad)', 'add(good)']);
    await rtc.proceed(new Error('no candidate'));
    await finish();
    expect(told).toEqual(['localAnswer', 'candidateRefused(invalid)']);
  });

  it('lets a description and an ICE restart pass a candidate that takes long', async () => {
    const { rtc, told, connection } = connect();
    const slow = rtc.addIceCandidate.bind(rtc);
    rtc.addIceCandidate = (added) => (added?.candidate === 'slow' ? new Promise(() => {}) : slow(added));
    const finish = async () => {
      await rtc.rest();
      while (rtc.isBusy) await rtc.proceed();
    };
    connection.applyOffer(SDP);
    connection.addCandidate(candidate('slow'));
    connection.addCandidate(candidate('good'));
    connection.applyOffer(SDP);
    connection.makeOffer(true);
    await finish();
    expect(rtc.calls).toContain('add(good)');
    expect(told).toEqual(['localAnswer', 'localOffer']);
  });

  it('adds the end of candidates after all of them, and only in their own ICE generation', async () => {
    const { rtc, connection, finish } = connect();
    const offer = (ufrag: string) => `${SDP}a=ice-ufrag:${ufrag}\r\n`;
    connection.applyOffer(offer('one'));
    await finish();
    connection.addCandidate(candidate('first'));
    connection.addCandidate(null);
    connection.addCandidate(candidate('late'));
    await rtc.rest();
    expect(rtc.calls.slice(-2)).toEqual(['add(first)', 'add(late)']);
    await rtc.proceed();
    await rtc.rest();
    expect(rtc.calls.at(-1)).toBe('add(end)');
    await finish();
    const calls = rtc.calls.length;
    connection.addCandidate(candidate('old'));
    connection.addCandidate({ candidate: '' });
    connection.applyOffer(offer('two'));
    await rtc.rest();
    // The one of the older generation is added only now.
    expect(rtc.calls.slice(calls)).toEqual(['add(old)', 'setRemote(offer)']);
    rtc.last();
    await rtc.rest();
    await finish();
    expect(rtc.calls.slice(calls)).not.toContain('add(end)');
  });

  it('keeps 256 candidates of a peer that does not describe itself, and tells of the next one', async () => {
    const { rtc, told, connection, finish } = connect();
    for (let i = 0; i < 256; i += 1) connection.holdCandidate(candidate(`${i}`));
    await rtc.rest();
    expect(told).toEqual([]);
    connection.addCandidate(candidate('too many'));
    await rtc.rest();
    expect(told).toEqual(['candidateRefused(too_many)']);
    connection.applyOffer(SDP);
    await finish();
    expect(rtc.calls.filter((call) => call.startsWith('add('))).toHaveLength(256);
  });

  it('adds 256 different candidates of one pair of ICE credentials, however they come, and as many of the next', async () => {
    const { rtc, told, connection, finish } = connect();
    const lines = (from: number, count: number) =>
      Array.from(
        { length: count },
        (_, n) => `a=candidate:${from + n} 1 udp 1 192.0.2.1 9 typ host\r\n`,
      ).join('');
    const applied: string[] = [];
    const apply = rtc.setRemoteDescription.bind(rtc);
    rtc.setRemoteDescription = (description) => {
      applied.push(description.sdp);
      return apply(description);
    };
    const added = () => rtc.calls.filter((call) => call.startsWith('add(')).length;
    const inLast = () => applied.at(-1)?.match(/^a=candidate/gm)?.length ?? 0;
    const offer = async (ufrag: string, candidates: string) => {
      connection.applyOffer(`${SDP}a=ice-ufrag:${ufrag}\r\n${candidates}`);
      await finish();
    };
    const trickle = async (from: number, count: number) => {
      for (let n = from; n < from + count; n += 1) {
        connection.addCandidate(candidate(`${n}`));
        await finish();
      }
    };
    await offer('one', lines(0, 56));
    expect(inLast()).toBe(56);
    await trickle(1_000, 100);
    // Again: nothing new.
    await offer('one', lines(0, 56));
    expect(inLast()).toBe(56);
    await trickle(1_000, 100);
    await trickle(2_000, 100);
    expect([added(), told]).toEqual([200, ['localAnswer', 'localAnswer']]);
    await trickle(3_000, 500);
    expect(added()).toBe(200);
    expect(told.filter((what) => what === 'candidateRefused(too_many)')).toHaveLength(500);
    await offer('one', lines(0, 1_000));
    expect(inLast()).toBe(56);
    await offer('two', lines(0, 1_000));
    expect(inLast()).toBe(256);
    const refused = told.filter((what) => what === 'candidateRefused(too_many)');
    expect(refused).toHaveLength(500 + (1_000 - 56) + (1_000 - 256));
  });

  it.each([
    ['an empty mid beside a good index', { sdpMid: '', sdpMLineIndex: 0 }],
    ['an unknown mid', { sdpMid: 'data' }],
    ['an index that is out of range', { sdpMLineIndex: 3 }],
    ['neither mid nor index', {}],
    ['the mid', { sdpMid: 'x' }],
  ])('adds a candidate with %s to the only section that there is', async (_, place) => {
    const { rtc, connection, finish } = connect();
    const added: unknown[] = [];
    const add = rtc.addIceCandidate.bind(rtc);
    rtc.addIceCandidate = (given) => {
      added.push([given?.candidate, given?.sdpMid]);
      return add(given);
    };
    connection.applyOffer(`${SDP}a=mid:x\r\n`);
    connection.addCandidate({ candidate: 'a=candidate:1', ...place });
    await finish();
    expect(added).toEqual([['candidate:1', 'x']]);
  });

  it.each([
    ['a mid', { sdpMid: 'y' }, {}],
    ['a mid beside another index', { sdpMid: 'x', sdpMLineIndex: 1 }, {}],
    ['an empty mid and an index', { sdpMid: '', sdpMLineIndex: 1 }, { sdpMid: 'y' }],
    ['an unknown mid and an index', { sdpMid: 'z', sdpMLineIndex: 0 }, { sdpMid: 'x' }],
    ['the index of a section that has no mid', { sdpMLineIndex: 2 }, { sdpMid: null }],
    ['an unknown mid', { sdpMid: 'z' }, {}],
    ['an index that is out of range', { sdpMLineIndex: 3 }, {}],
    ['an index that is none', { sdpMid: null, sdpMLineIndex: null }, {}],
    ['neither', {}, {}],
  ])(
    'adds a candidate with %s to its section of three, and one of none as it is',
    async (_, place, mended) => {
      const { rtc, connection, finish } = connect();
      const added: unknown[] = [];
      rtc.addIceCandidate = async (given) => void added.push(given);
      const audio = 'm=audio 9 RTP 0\r\n';
      connection.applyOffer(`${SDP}a=mid:x\r\n${audio}a=mid:y\r\n${audio}`);
      await finish();
      connection.addCandidate({ candidate: 'candidate:1', ...place });
      await rtc.rest();
      expect(added).toStrictEqual([{ candidate: 'candidate:1', ...place, ...mended }]);
    },
  );

  it('answers only the newest of offers that wait', async () => {
    const { rtc, told, connection, finish } = connect();
    connection.applyOffer(SDP);
    connection.applyOffer(SDP);
    await finish();
    expect(rtc.calls).toEqual(['setRemote(offer)', 'setLocal(answer)']);
    expect(told).toEqual(['localAnswer']);
  });

  it('does not announce an answer that a newer offer made stale', async () => {
    const { rtc, told, connection, finish } = connect();
    connection.applyOffer(SDP);
    await rtc.rest();
    await rtc.proceed();
    connection.applyOffer(SDP);
    await finish();
    expect(rtc.calls.filter((call) => call === 'setLocal(answer)')).toHaveLength(2);
    expect(told).toEqual(['localAnswer']);
  });

  it('announces its candidates after the description that they belong to', async () => {
    const { rtc, told, connection, finish } = connect();
    connection.makeOffer(false);
    await rtc.rest();
    rtc.onicecandidate?.({ candidate: candidate('found early') });
    expect(told).toEqual([]);
    await finish();
    rtc.onicecandidate?.({ candidate: null });
    expect(told).toEqual(['localOffer', 'localCandidate(found early)', 'localCandidate(end)']);
  });

  it.each([
    ['an offer', (connection: RtcConnection) => connection.applyOffer(SDP)],
    ['an answer', (connection: RtcConnection) => connection.applyAnswer(SDP)],
    ['our own', (connection: RtcConnection) => connection.makeOffer(true)],
  ])('tells that %s was refused, and can go on', async (_, apply) => {
    const { rtc, told, connection, finish } = connect();
    apply(connection);
    await rtc.rest();
    await rtc.proceed(new Error('refused'));
    expect(told).toEqual(['descriptionRefused(description_refused)']);
    connection.applyOffer(SDP);
    await finish();
    expect(told.at(-1)).toBe('localAnswer');
  });

  describe('whose ICE restart yields to an offer of the peer', () => {
    const described = (ufrag: string) => `${SDP}a=ice-ufrag:${ufrag}\r\n`;

    /** Connected with the credentials `old`; then its restart is taken back by an offer that is answered with these. */
    async function answeredWith(ufrag: string) {
      const made = connect();
      const { rtc, told, connection, finish } = made;
      rtc.describedAs = described('old');
      connection.applyOffer(SDP);
      await finish();
      rtc.connectionState = 'connected';
      connection.makeOffer(true);
      rtc.describedAs = described('restarted');
      await finish();
      connection.applyOffer(SDP);
      rtc.describedAs = described(ufrag);
      await finish();
      told.splice(0);
      connection.probe();
      await finish();
      return made;
    }

    it('has to restart anew if that offer did not restart ICE, though the old path may work', async () => {
      const { told, connection, finish } = await answeredWith('old');
      expect(told).toEqual(['failed']);
      connection.probe();
      await finish();
      expect(told).toEqual(['failed', 'failed']);
    });

    it('need not if that offer did', async () => {
      expect((await answeredWith('new')).told).toEqual(['established']);
    });

    it('need not any more once a restart was answered', async () => {
      const { rtc, told, connection, finish } = await answeredWith('old');
      connection.makeOffer(true);
      rtc.describedAs = described('new');
      connection.applyAnswer(SDP);
      connection.probe();
      await finish();
      expect(told.slice(1)).toEqual([`localOffer(${described('new')})`, 'established']);
    });
  });

  it('that failed while it answered an offer that did not restart ICE says so when it is probed', async () => {
    const { rtc, told, connection, finish } = connect();
    connection.applyOffer(SDP);
    await finish();
    connection.applyOffer(SDP);
    await finish();
    rtc.connectionState = 'failed';
    connection.probe();
    await finish();
    expect(told).toEqual(['localAnswer', 'localAnswer', 'failed']);
  });

  it('that had failed before ICE was restarted is not taken for failed again', async () => {
    const { rtc, told, connection, finish } = connect();
    connection.applyOffer(SDP);
    await finish();
    rtc.connectionState = 'failed';
    connection.makeOffer(true);
    rtc.describedAs = `${SDP}a=ice-ufrag:new\r\n`;
    connection.applyAnswer(SDP);
    connection.probe();
    await finish();
    expect(told.slice(1).filter((what) => !what.startsWith('localOffer'))).toEqual([]);
  });

  it('knows the first 8 different errors that STUN and TURN servers answered with, as far as they are such', async () => {
    const { rtc, connection } = connect();
    Object.assign(rtc, { getStats: async () => new Map() });
    const { onicecandidateerror } = rtc as unknown as RtcPeerConnection;
    const fail = (errorCode: number) => onicecandidateerror?.({ errorCode });
    for (const code of [0, 299, 800, 10_000]) fail(code);
    expect(await connection.evidence()).not.toHaveProperty('errors');
    fail(300);
    expect(await connection.evidence()).toHaveProperty('errors', [300]);
    for (const code of [300, 799, 701]) fail(code);
    expect(await connection.evidence()).toHaveProperty('errors', [300, 799, 701]);
    for (let code = 400; code < 450; code += 1) fail(code);
    expect(await connection.evidence()).toHaveProperty('errors', [300, 799, 701, 400, 401, 402, 403, 404]);
  });

  it('refuses a description of no data channel', async () => {
    const { told, connection, finish } = connect();
    connection.applyOffer('v=0\r\n');
    connection.applyAnswer('nonsense');
    await finish();
    expect(told).toEqual([
      'descriptionRefused(description_refused)',
      'descriptionRefused(description_refused)',
    ]);
  });

  it.each([
    ['131,072 characters', `${SDP}${'x'.repeat(128 * 1024 - SDP.length)}`, 'x'],
    ['16 sections', `${SDP}${'m=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(15)}`, 'm=audio 9 UDP\r\n'],
  ])('takes a description of %s, and none that is longer', async (_, most, more) => {
    const { rtc, told, connection, finish } = connect();
    connection.applyOffer(most);
    await finish();
    expect(told).toEqual(['localAnswer']);
    connection.applyOffer(most + more);
    await finish();
    expect(told.slice(1)).toEqual(['descriptionRefused(description_refused)']);
    expect(rtc.calls.filter((call) => call === 'setRemote(offer)')).toHaveLength(1);
  });

  it('announces candidates after each description, also that of a restart or of a later answer', async () => {
    const { rtc, told, connection, finish } = connect();
    const steps = [
      () => connection.applyOffer(SDP),
      () => connection.applyOffer(SDP),
      () => connection.makeOffer(true),
    ];
    for (const [n, step] of steps.entries()) {
      step();
      await rtc.rest();
      while (rtc.calls.at(-1)?.startsWith('setLocal') !== true) await rtc.proceed();
      rtc.onicecandidate?.({ candidate: candidate(`${n}`) });
      await finish();
    }
    expect(told).toEqual([
      ...['localAnswer', 'localCandidate(0)', 'localAnswer', 'localCandidate(1)'],
      ...['localOffer', 'localCandidate(2)'],
    ]);
  });

  it('passes on what its engine refuses: a candidate, and a message that is too large, which ends it', async () => {
    const { rtc, told, connection } = connect();
    const engine = rtc as unknown as RtcPeerConnection;
    const refuse = () => {
      engine.oncandidaterefused?.('unresolved' as never);
      engine.onoversized?.();
    };
    refuse();
    const expected = ['candidateRefused(unresolved)', 'problem(message_too_large)', 'closedByPeer'];
    expect(told).toEqual(expected);
    await connection.close();
    refuse();
    expect(told).toEqual(expected);
  });

  it('tells how much waits in all of its channels, sends at once while there is room, and closes them', async () => {
    const { rtc, connection } = connect();
    expect([await connection.flow(), await connection.stats()]).toEqual([undefined, undefined]);
    Object.assign(rtc, { getStats: async () => new Map() });
    const channels = [new FakeDataChannel(), new FakeDataChannel('moves')];
    for (const channel of channels) {
      rtc.ondatachannel?.({ channel });
      channel.open();
    }
    const sent = ['chat', 'moves', 'other'].map((label) => connection.trySend('four', label));
    expect(sent).toEqual([true, true, false]);
    expect(await connection.flow()).toEqual({ buffered: 8, sent: 0, answered: 0 });
    await connection.close();
    expect(channels.map(({ readyState }) => readyState)).toEqual(['closed', 'closed']);
  });

  it('is closed by the peer with its first channel, and not with another one', async () => {
    const { rtc, told, connection } = connect();
    const [first, other] = [new FakeDataChannel(), new FakeDataChannel('moves')];
    for (const channel of [first, other]) {
      rtc.ondatachannel?.({ channel });
      channel.open();
    }
    told.splice(0);
    other.close();
    expect(told.splice(0)).toEqual(['channelClosed(moves)']);
    await expect(connection.send('x', 'moves')).rejects.toMatchObject({ code: 'not_open' });
    first.close();
    expect(told).toEqual(['closedByPeer']);
  });

  it('says nothing once it is closed', async () => {
    const { rtc, told, connection } = connect();
    connection.makeOffer(false);
    connection.applyOffer(SDP);
    await rtc.rest();
    await connection.close();
    await rtc.proceed();
    rtc.onicecandidate?.({ candidate: null });
    rtc.connectionState = 'closed';
    rtc.onconnectionstatechange?.();
    rtc.ondatachannel?.({ channel: new FakeDataChannel() });
    connection.probe();
    await rtc.rest();
    while (rtc.isBusy) await rtc.proceed(new Error('closed'));
    expect(told).toEqual([]);
    expect(rtc.calls).not.toContain('setRemote(offer)');
  });

  it('is closed once its sockets are released, whether or not that goes well', async () => {
    const { rtc, connection } = connect();
    let release = (): void => {};
    let isClosed = false;
    Object.assign(rtc, {
      close: () =>
        new Promise((_resolve, reject) => {
          release = () => reject(new Error('the socket is gone'));
        }),
    });
    const closing = connection.close().then(() => {
      isClosed = true;
    });
    await rtc.rest();
    expect(isClosed).toBe(false);
    release();
    await closing;
  });

  it('creates the channels, in order, with its first offer only', async () => {
    const { rtc, connection, finish } = connect();
    connection.makeOffer(false);
    await finish();
    connection.applyAnswer(SDP);
    connection.makeOffer(true);
    await finish();
    expect(rtc.channels.map(({ label }) => label)).toEqual(['chat', 'moves']);
    expect(rtc.calls).toContain('createOffer(restart)');
  });

  it("takes the peer's channel of its label, and tells once that it is open", () => {
    const { rtc, told } = connect();
    const channel = new FakeDataChannel();
    channel.readyState = 'open';
    rtc.ondatachannel?.({ channel });
    channel.open();
    expect(told).toEqual(['established', 'opened(chat)']);
  });

  it('is established once its first channel is open, though its state is not told', async () => {
    const { rtc, told } = await agreed();
    rtc.channels[0]?.open();
    expect([rtc.connectionState, told]).toEqual(['new', ['established', 'opened(chat)']]);
  });

  it('is established once, until its state or an answer says that it may not be', async () => {
    const { rtc, told, connection, finish } = await agreed();
    const becomes = (state: typeof rtc.connectionState) => {
      rtc.connectionState = state;
      rtc.onconnectionstatechange?.();
    };
    rtc.channels[0]?.open();
    becomes('connected');
    becomes('disconnected');
    becomes('connected');
    becomes('connected');
    expect(told.splice(0)).toEqual(['established', 'opened(chat)', 'established']);
    connection.makeOffer(true);
    await finish();
    connection.applyAnswer(SDP);
    await finish();
    told.splice(0);
    becomes('connected');
    becomes('connected');
    expect(told).toEqual(['established']);
  });

  it('closes a channel of another label, and a second one', () => {
    const { rtc, told } = connect();
    const [agreed, other, second] = [
      new FakeDataChannel(),
      new FakeDataChannel('other'),
      new FakeDataChannel(),
    ];
    for (const channel of [other, agreed, second]) rtc.ondatachannel?.({ channel });
    expect(told).toEqual(['problem(unexpected_channel)', 'problem(unexpected_channel)']);
    expect([agreed, other, second].map(({ readyState }) => readyState)).toEqual([
      'connecting',
      'closed',
      'closed',
    ]);
  });

  it('takes a channel again that was closed, as often as the peer likes', () => {
    const { rtc, told } = connect();
    const first = new FakeDataChannel();
    rtc.ondatachannel?.({ channel: first });
    first.open();
    for (let i = 0; i < 3; i += 1) {
      const channel = new FakeDataChannel('moves');
      rtc.ondatachannel?.({ channel });
      channel.open();
      channel.close();
    }
    const again = ['opened(moves)', 'channelClosed(moves)'];
    expect(told).toEqual(['established', 'opened(chat)', ...again, ...again, ...again]);
  });

  it('takes a channel again while the old one is still closing, whose end then means nothing', () => {
    const { rtc, told } = connect();
    const first = new FakeDataChannel();
    const [old, next] = [new FakeDataChannel('moves'), new FakeDataChannel('moves')];
    for (const channel of [first, old]) {
      rtc.ondatachannel?.({ channel });
      channel.open();
    }
    old.readyState = 'closing';
    rtc.ondatachannel?.({ channel: next });
    next.open();
    old.close();
    expect(told).toEqual(['established', 'opened(chat)', 'opened(moves)', 'opened(moves)']);
    expect(next.readyState).toBe('open');
  });

  it('is drained when all messages have gone out and the peer has closed its channels', async () => {
    const { rtc, told, connection } = connect();
    const channel = new FakeDataChannel();
    rtc.ondatachannel?.({ channel });
    channel.open();
    expect(connection.hasUnsent).toBe(false);
    const sent = Array.from({ length: 40 }, (_, i) => connection.send(`${i}`, 'chat'));
    expect(connection.hasUnsent).toBe(true);
    connection.drain();
    await expect(connection.send('too late', 'chat')).rejects.toMatchObject({ code: 'not_open' });
    channel.close = () => {
      channel.readyState = 'closing';
    };
    channel.drain();
    channel.drain();
    await Promise.all(sent);
    await rtc.rest();
    expect([channel.sent.length, channel.readyState]).toEqual([40, 'closing']);
    told.splice(0);
    channel.onmessage?.({ data: 'a last word of the peer' });
    channel.onclose?.();
    await rtc.rest();
    expect(told).toEqual(['message(a last word of the peer)', 'drained']);
  });

  it.each([
    ['connected', 'established'],
    ['failed', 'failed'],
    ['closed', 'closedByPeer'],
  ] as const)('tells that it is %s', (state, fact) => {
    const { rtc, told } = connect();
    rtc.connectionState = state;
    rtc.onconnectionstatechange?.();
    expect(told).toEqual([fact]);
  });
});
