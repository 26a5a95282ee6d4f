/** What the server and the log are told of a pairing's connection while it comes up. */
import { expect, it } from '@jest/globals';
import { connectionOf, gone, offer, paired } from '../../support/peers/played-pairings.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';

/** @param isChanging whether the statistics are never the same twice */
async function twoPairings(wanting: object, isChanging = true) {
  const played = await playedPeer({ peers: 2, timeouts: { offerMs: 0 } }, 2);
  const { server, engines } = played;
  let reads = 0;
  server.say(paired(1), paired(2, wanting));
  const ends = ['l', 'r'].map((id) => ({ id, candidateType: 'host', protocol: 'udp' }));
  for (const engine of engines)
    Object.assign(engine, {
      getStats: async () => {
        reads += 1;
        const pair = { id: 'p', type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r' };
        return [...ends, { ...pair, state: 'in-progress', requestsSent: isChanging ? reads : 1 }];
      },
    });
  /** Lets so many milliseconds pass, and counts what the server was told: of which pairing, and evidence or flow. */
  const told = async (ms: number) => {
    const before = server.of('evidence').length;
    for (let passed = 0; passed < ms; passed += 200) {
      played.clock.advance(200);
      await settled();
    }
    return server
      .of('evidence')
      .slice(before)
      .map(({ epoch, flow }) => `${flow ? 'flow' : 'evidence'} of ${epoch}`);
  };
  return { ...played, told };
}

it('the server is told of what it asked for, until the pairing ends', async () => {
  const { server, told } = await twoPairings({ evidence: true });
  expect(await told(600)).toEqual(Array(3).fill('evidence of 2'));
  server.say(gone(2));
  expect(await told(1_000)).toEqual([]);
});

it('it is told no more often when it asks how data flows, and of both', async () => {
  const { server, told } = await twoPairings({ evidence: true });
  server.say({ type: 'evidence', epoch: 2, seconds: 60 });
  expect(await told(600)).toEqual(['flow of 2', ...Array(3).fill('evidence of 2')]);
  server.say({ type: 'evidence', epoch: 2, seconds: 60 });
  expect(await told(600)).toEqual(Array(3).fill('evidence of 2'));
  server.say(gone(2));
  expect(await told(10_000)).toEqual([]);
});

it('it is told once more what has become of the connection when it first asks how data flows', async () => {
  const { server, told } = await twoPairings({ evidence: true }, false);
  expect(await told(2_000)).toEqual(['evidence of 2']);
  for (const expected of [['flow of 2', 'evidence of 2'], []]) {
    server.say({ type: 'evidence', epoch: 2, seconds: 60 });
    expect(await told(2_000)).toEqual(expected);
  }
});

it('it is told how data flows alone where it wants no evidence', async () => {
  const { server, told } = await twoPairings({});
  server.say({ type: 'evidence', epoch: 1, seconds: 6 });
  expect(await told(10_000)).toEqual(['flow of 1', 'flow of 1']);
});

it('the log tells of a candidate that is of no use, which ends nothing, and of a description that is', async () => {
  const lines: unknown[] = [];
  const counts: unknown[] = [];
  const { peer, server, engines } = await playedPeer({
    logger: {
      debug: (fields, text) => lines.push([text, fields]),
      warn: (fields, text) => lines.push([text, fields]),
    },
    observer: ({ event }) => {
      if (event.type === 'CANDIDATE_REFUSED') counts.push(event);
    },
  });
  peer.on('error', () => {});
  server.say(paired(1), offer(1));
  await settled();
  const [engine] = engines;
  while (engine?.isBusy) await engine.proceed();
  const candidate = { candidate: 'candidate:1', sdpMid: '0' };
  server.say({ type: 'candidate', candidate, from_peer: true, epoch: 1 });
  await settled();
  await engine?.proceed(new Error('it is none'));
  const refused = ['A candidate of the peer is of no use', { id: 'me', reason: 'invalid' }];
  expect(lines).toContainEqual(refused);
  expect(counts).toMatchObject([{ reason: 'invalid' }]);
  expect(connectionOf(peer, 1).state).toBe('checking');
  server.say({ ...offer(1), sdp: 'none' });
  await settled();
  const fields = { id: 'me', peerId: 'peer 1', code: 'description_refused' };
  expect(lines).toContainEqual([expect.stringContaining('it describes no data channel'), fields]);
  expect(peer.connections.size).toBe(0);
});

it.each([true, false])(
  'the inspector is told each step of a pairing if it is asked for: %p',
  async (inspect) => {
    const { server } = await playedPeer({ inspect });
    server.say(paired(1), offer(1));
    await settled();
    const steps = server.of('inspect').map(({ step }) => (step as { event: { type: string } }).event.type);
    expect(steps.filter((type) => type === 'PAIRED' || type === 'OFFER_RECEIVED')).toEqual(
      inspect ? ['PAIRED', 'OFFER_RECEIVED'] : [],
    );
  },
);
