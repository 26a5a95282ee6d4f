/**
 * A browser takes its time to create a connection, and to make an offer: a peer does both while it waits for the
 * server.
 */
import { describe, expect, it } from '@jest/globals';
import type { PlayedPeer } from '../../support/peers/played-peer.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

const SERVERS = [{ urls: ['turn:turn.test'], username: 'me', credential: 'for an hour' }];
const OWN = [{ urls: 'stun:own.test' }];
const paired = (epoch: number, initiator: boolean) => ({
  type: 'paired',
  peer_id: `peer ${epoch}`,
  initiator,
  polite: !initiator,
  epoch,
  ice_servers: SERVERS,
});
const refusal = { type: 'error', code: 'target_not_found', message: 'Nobody is there', for: 'pair_request' };
const candidate = (name: string) => ({ candidate: name, sdpMid: '0' });

/** Of each engine, oldest first: what it was asked to do, and its ICE servers. */
const shown = ({ engines }: PlayedPeer) =>
  engines.map(({ calls, config }) => [[...calls], config?.iceServers]);

/** The types of what the peer has sent, and of a candidate its text. */
const sent = ({ server }: PlayedPeer) =>
  server.sent.map(({ type, candidate }) => (candidate as { candidate?: string })?.candidate ?? type);

describe('a peer whose connections take time to create', () => {
  it('has one by the time the server greets it, and makes its offer with the ICE servers of its pairing', async () => {
    const played = await playedPeer({}, undefined, true);
    const atFirst = shown(played);
    const pairing = played.peer.pair({ id: 'peer 1' });
    const asked = shown(played);
    played.server.say(paired(1, true));
    await pairing;
    await settled();
    expect([atFirst, asked, shown(played)]).toEqual([
      [[[], []]],
      [[[], []]],
      [[['setLocal(offer)'], SERVERS]],
    ]);
  });

  it('answers with it if the other peer asks', async () => {
    const played = await playedPeer({}, undefined, true);
    played.server.say(paired(1, false));
    await settled();
    expect(shown(played)).toEqual([[[], SERVERS]]);
  });

  it('makes its offer while it asks if it knows its ICE servers, and tells it and its candidates once it is paired', async () => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true);
    const { peer, server, engines } = played;
    const pairing = peer.pair({ id: 'peer 1' });
    expect(shown(played)).toEqual([[['setLocal(offer)'], OWN]]);
    const [engine] = engines;
    expect(engine?.channels.map(({ label }) => label)).toEqual(['chat']);
    await engine?.proceed();
    engine?.onicecandidate?.({ candidate: candidate('early') });
    expect(sent(played)).toEqual(['pair_request']);
    server.say(paired(1, true));
    await pairing;
    await settled();
    engine?.onicecandidate?.({ candidate: candidate('late') });
    expect(sent(played)).toEqual(['pair_request', 'offer', 'early', 'late']);
    expect(server.sent.slice(1).map(({ epoch }) => epoch)).toEqual([1, 1, 1]);
    expect(shown(played)).toEqual([[['setLocal(offer)'], OWN]]);
  });

  it('fails the pairing if that offer could not be made', async () => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true);
    const pairing = played.peer.pair({ id: 'peer 1' });
    await played.engines[0]?.proceed(new Error('it cannot be set'));
    const failed = errorOf(played.peer.opened());
    played.server.say(paired(1, true));
    await pairing;
    expect((await failed).code).toBe('description_refused');
    expect(sent(played)).toEqual(['pair_request', 'unpair']);
  });

  it('answers with another one if it is asked first, and makes each request its own offer', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 4 }, 4, true);
    const { peer, server } = played;
    const [first, second] = [peer.connect({ id: 'peer 2' }), peer.connect({ id: 'peer 3' })];
    server.say(paired(1, false));
    await settled();
    expect(shown(played)).toEqual([
      [['setLocal(offer)'], OWN],
      [[], OWN],
    ]);
    server.say(paired(2, true));
    await first;
    await settled();
    server.say(paired(3, true));
    await second;
    await settled();
    expect(shown(played)).toEqual([
      [['setLocal(offer)'], OWN],
      [[], OWN],
      [['setLocal(offer)'], OWN],
    ]);
  });

  it.each([
    ['refused', (played: PlayedPeer) => played.server.say(refusal), 'target_not_found'],
    ['never answered', (played: PlayedPeer) => played.clock.advance(60_000), 'timeout'],
    ['given up', (_: PlayedPeer, giveUp: AbortController) => giveUp.abort(), 'aborted'],
    ['ended by its own end', ({ peer }: PlayedPeer) => void peer.close(), 'closed'],
  ])('closes what has offered if the request is %s', async (_, end, code) => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true);
    const giveUp = new AbortController();
    const failed = errorOf(played.peer.pair({ id: 'peer 1' }, { signal: giveUp.signal }));
    end(played, giveUp);
    expect((await failed).code).toBe(code);
    await settled();
    expect(shown(played)).toEqual([[['setLocal(offer)', 'close'], OWN]]);
  });

  it('keeps one that has not offered for the next request, and closes it when it ends', async () => {
    const played = await playedPeer({}, undefined, true);
    const failed = errorOf(played.peer.pair({ id: 'peer 1' }));
    played.server.say(refusal);
    await failed;
    await settled();
    expect(shown(played)).toEqual([[[], []]]);
    await played.peer.close();
    expect(shown(played)).toEqual([[['close'], []]]);
  });

  it('creates none ahead where that takes no time', async () => {
    const { peer, server, engines } = await playedPeer({ iceServers: OWN });
    const pairing = peer.pair({ id: 'peer 1' });
    const before = engines.length;
    server.say(paired(1, true));
    await pairing;
    expect([before, engines.length]).toEqual([0, 1]);
  });
});
