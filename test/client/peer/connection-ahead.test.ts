/** A browser takes its time to create a connection: a peer that asks to be paired creates it meanwhile. */
import { describe, expect, it } from '@jest/globals';
import type { PlayedPeer } from '../../support/peers/played-peer.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';
import { errorOf } from '../../support/peers/werift-peers.ts';

const SERVERS = [{ urls: ['turn:turn.test'], username: 'me', credential: 'for an hour' }];
const paired = (epoch: number, initiator: boolean) => ({
  type: 'paired',
  peer_id: `peer ${epoch}`,
  initiator,
  polite: !initiator,
  epoch,
  ice_servers: SERVERS,
});
const refusal = { type: 'error', code: 'target_not_found', message: 'Nobody is there', for: 'pair_request' };
const isClosed = ({ engines }: PlayedPeer) => engines.map(({ calls }) => calls.includes('close'));

describe('a peer whose connections take time to create', () => {
  it('has one by the time the server answers, and makes its offer with the ICE servers of the answer', async () => {
    const played = await playedPeer({}, undefined, true);
    const { peer, server, engines } = played;
    const shown = () => engines.map(({ calls, config }) => [[...calls], config?.iceServers]);
    const atFirst = shown();
    const pairing = peer.pair({ id: 'peer 1' });
    const asked = shown();
    server.say(paired(1, true));
    await pairing;
    await settled();
    expect([atFirst, asked, shown()]).toEqual([[], [[[], []]], [[['setLocal(offer)'], SERVERS]]]);
  });

  it.each([
    ['refused', (played: PlayedPeer) => played.server.say(refusal), 'target_not_found'],
    ['never answered', (played: PlayedPeer) => played.clock.advance(60_000), 'timeout'],
    ['given up', (_: PlayedPeer, giveUp: AbortController) => giveUp.abort(), 'aborted'],
    ['ended by its own end', ({ peer }: PlayedPeer) => void peer.close(), 'closed'],
  ])('closes it if the request is %s', async (_, end, code) => {
    const played = await playedPeer({}, undefined, true);
    const giveUp = new AbortController();
    const failed = errorOf(played.peer.pair({ id: 'peer 1' }, { signal: giveUp.signal }));
    end(played, giveUp);
    expect((await failed).code).toBe(code);
    await settled();
    expect(isClosed(played)).toEqual([true]);
  });

  it('uses it when another peer was faster, and has no other left', async () => {
    const played = await playedPeer({}, undefined, true);
    const failed = errorOf(played.peer.pair({ id: 'peer 1' }));
    played.server.say(paired(2, false), { ...refusal, code: 'already_paired' });
    expect((await failed).code).toBe('already_paired');
    await settled();
    expect(played.peer.peerId).toBe('peer 2');
    expect(isClosed(played)).toEqual([false]);
  });

  it('creates none ahead where that takes no time', async () => {
    const { peer, server, engines } = await playedPeer();
    const pairing = peer.pair({ id: 'peer 1' });
    const before = engines.length;
    server.say(paired(1, true));
    await pairing;
    expect([before, engines.length]).toEqual([0, 1]);
  });
});
