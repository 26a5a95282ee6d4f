/**
 * A browser takes its time to create a connection, and to make an offer: a peer does both while it waits for the
 * server.
 */
import { describe, expect, it } from '@jest/globals';
import { SDP } from '../../support/peers/fake-rtc.ts';
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
/** The server takes the offer that was sent ahead for the request of that seq, the first if none was made before. */
const taken = (epoch: number, request = 1) => ({ ...paired(epoch, true), request });
/** What an engine was asked to do that has offered ahead. */
const OFFERED = ['createOffer()', 'setLocal(offer)'];
const candidate = (name: string) => ({ candidate: name, sdpMid: '0' });

/** Of each engine, oldest first: what it was asked to do, and its ICE servers. */
const shown = ({ engines }: PlayedPeer) =>
  engines.map(({ calls, config }) => [[...calls], config?.iceServers]);

/** The types of what the peer has sent, and of a candidate its text. */
const sent = ({ server }: PlayedPeer) =>
  server.sent.map(({ type, candidate }) => (candidate as { candidate?: string })?.candidate ?? type);

describe('a peer whose connections take time to create', () => {
  it('has one by the time the server greets it, offers while it asks, and sets the offer with the ICE servers of its pairing', async () => {
    const played = await playedPeer({}, undefined, true);
    const { peer, server, engines } = played;
    const atFirst = shown(played);
    const pairing = peer.pair({ id: 'peer 1' });
    await engines[0]?.proceed();
    expect(server.sent).toEqual([
      { type: 'pair_request', target_id: 'peer 1' },
      { type: 'offer', sdp: SDP, request: 1 },
    ]);
    const asked = shown(played);
    server.say(taken(1));
    await pairing;
    await settled();
    expect([atFirst, asked, shown(played)]).toEqual([
      [[[], []]],
      [[['createOffer()'], []]],
      [[OFFERED, SERVERS]],
    ]);
    engines[0]?.onicecandidate?.({ candidate: candidate('early') });
    expect(sent(played)).toEqual(['pair_request', 'offer']);
    await engines[0]?.proceed();
    server.say({ type: 'answer', sdp: SDP, epoch: 1, from_peer: true });
    await settled();
    expect(sent(played)).toEqual(['pair_request', 'offer', 'early']);
    expect(shown(played)).toEqual([[[...OFFERED, 'setRemote(answer)'], SERVERS]]);
  });

  it('takes an answer that comes before its offer is set', async () => {
    const played = await playedPeer({}, undefined, true);
    const { peer, server, engines } = played;
    const pairing = peer.pair({ id: 'peer 1' });
    await engines[0]?.proceed();
    server.say(taken(1), { type: 'answer', sdp: SDP, epoch: 1, from_peer: true });
    await pairing;
    await settled();
    expect(shown(played)).toEqual([[OFFERED, SERVERS]]);
    await engines[0]?.proceed();
    expect(shown(played)).toEqual([[[...OFFERED, 'setRemote(answer)'], SERVERS]]);
    expect(sent(played)).toEqual(['pair_request', 'offer']);
  });

  it('sets its offer only after the pairing has come if its ICE servers came before the offer was made', async () => {
    const played = await playedPeer({}, undefined, true);
    const { peer, server, engines } = played;
    const pairing = peer.pair({ id: 'peer 1' });
    server.say(taken(1));
    await pairing;
    await settled();
    expect(shown(played)).toEqual([[['createOffer()'], SERVERS]]);
    await engines[0]?.proceed();
    await engines[0]?.proceed();
    expect(server.sent).toEqual([
      { type: 'pair_request', target_id: 'peer 1' },
      { type: 'offer', sdp: SDP, epoch: 1 },
    ]);
    expect(shown(played)).toEqual([[OFFERED, SERVERS]]);
  });

  it('answers with it if the other peer asks', async () => {
    const played = await playedPeer({}, undefined, true);
    played.server.say(paired(1, false));
    await settled();
    expect(shown(played)).toEqual([[[], SERVERS]]);
  });

  it('sets its offer while it asks if its user named the ICE servers, and sends it with its candidates once it is paired if the server took none ahead', async () => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true);
    const { peer, server, engines } = played;
    const pairing = peer.pair({ id: 'peer 1' });
    expect(shown(played)).toEqual([[['createOffer()'], OWN]]);
    const [engine] = engines;
    expect(engine?.channels.map(({ label }) => label)).toEqual(['chat']);
    expect(server.sent).toEqual([{ type: 'pair_request', target_id: 'peer 1' }]);
    await engine?.proceed();
    expect(server.sent.slice(1)).toEqual([{ type: 'offer', sdp: SDP, request: 1 }]);
    await engine?.proceed();
    engine?.onicecandidate?.({ candidate: candidate('early') });
    expect(sent(played)).toEqual(['pair_request', 'offer']);
    server.say(paired(1, true));
    await pairing;
    await settled();
    engine?.onicecandidate?.({ candidate: candidate('late') });
    expect(sent(played)).toEqual(['pair_request', 'offer', 'offer', 'early', 'late']);
    expect(server.sent.slice(2).map(({ epoch }) => epoch)).toEqual([1, 1, 1]);
    expect(shown(played)).toEqual([[OFFERED, OWN]]);
  });

  it('does not send the offer again that the server took ahead, but all that follows', async () => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true);
    const { peer, server, engines } = played;
    const pairing = peer.pair({ id: 'peer 1' });
    const [engine] = engines;
    await engine?.proceed();
    await engine?.proceed();
    engine?.onicecandidate?.({ candidate: candidate('early') });
    server.say(taken(1));
    await pairing;
    await settled();
    expect(sent(played)).toEqual(['pair_request', 'offer', 'early']);
    server.say({ type: 'answer', sdp: SDP, epoch: 1, from_peer: true });
    await settled();
    expect(shown(played)).toEqual([[[...OFFERED, 'setRemote(answer)'], OWN]]);
    await engine?.proceed();
    if (engine) engine.connectionState = 'connected';
    engine?.onconnectionstatechange?.();
    if (engine) engine.describedAs = `${SDP}a=new path\r\n`;
    peer.networkChanged();
    await settled();
    await engine?.proceed();
    await engine?.proceed();
    expect(server.of('offer').slice(1)).toEqual([{ type: 'offer', sdp: engine?.describedAs, epoch: 1 }]);
  });

  it('sends no offer ahead to a server that keeps no sessions', async () => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true, false);
    const pairing = played.peer.pair({ id: 'peer 1' });
    expect(played.server.sent).toEqual([{ type: 'pair_request', target_id: 'peer 1' }]);
    await played.engines[0]?.proceed();
    await played.engines[0]?.proceed();
    played.server.say(paired(1, true));
    await pairing;
    await settled();
    expect(sent(played)).toEqual(['pair_request', 'offer']);
    expect(shown(played)).toEqual([[OFFERED, OWN]]);
  });

  it.each([
    ['given up', (_: PlayedPeer, giveUp: AbortController) => giveUp.abort(), 'aborted'],
    ['too late', (played: PlayedPeer) => played.clock.advance(60_000), 'timeout'],
    ['refused', ({ server }: PlayedPeer) => server.say(refusal), 'target_not_found'],
    ['ended by its own end', ({ peer }: PlayedPeer) => void peer.close(), 'closed'],
    ['lost with the session', ({ server }: PlayedPeer) => server.forget(), 'signaling_lost'],
  ])('never sends the offer of a request that was %s while the offer was made', async (_, end, code) => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const giveUp = new AbortController();
    const failed = errorOf(played.peer.pair({ id: 'peer 1' }, { signal: giveUp.signal }));
    end(played, giveUp);
    expect((await failed).code).toBe(code);
    await played.engines[0]?.proceed();
    await settled();
    expect(sent(played)).toEqual(['pair_request']);
  });

  it('makes each request its own offer, also one that follows a request that was answered too late', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const { peer, server, engines, clock } = played;
    const failed = errorOf(peer.connect({ id: 'peer 1' }));
    const second = peer.connect({ id: 'peer 2' });
    await settled();
    await engines[0]?.proceed();
    clock.advance(60_000);
    expect((await failed).code).toBe('timeout');
    await settled();
    if (engines[1]) engines[1].describedAs = `${SDP}a=for peer 2\r\n`;
    await engines[1]?.proceed();
    expect(server.of('offer')).toMatchObject([
      { sdp: SDP, request: 1 },
      { sdp: engines[1]?.describedAs, request: 3 },
    ]);
    server.say(taken(1), taken(2, 3));
    expect((await second).peerId).toBe('peer 2');
    expect([...peer.connections.keys()]).toEqual(['peer 2']);
  });

  it('makes a new offer for a request that is made as soon as the one before is answered', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const { peer, server, engines } = played;
    const first = peer.connect({ id: 'peer 1' });
    const second = new Promise((resolve) => {
      peer.once('connection', () => resolve(peer.connect({ id: 'peer 2' })));
    });
    await engines[0]?.proceed();
    server.say(taken(1));
    await first;
    if (engines[1]) engines[1].describedAs = `${SDP}a=for peer 2\r\n`;
    await engines[1]?.proceed();
    server.say(taken(2, 3));
    await second;
    expect([...peer.connections.keys()]).toEqual(['peer 1', 'peer 2']);
    expect(server.of('offer')).toMatchObject([
      { sdp: SDP, request: 1 },
      { sdp: engines[1]?.describedAs, request: 3 },
    ]);
    expect(shown(played)).toEqual([
      [OFFERED, OWN],
      [OFFERED, OWN],
    ]);
  });

  it('lets nobody else ask while the offer of a request is made', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const first = played.peer.pair({ id: 'peer 1' });
    expect((await errorOf(played.peer.pair({ id: 'peer 2' }))).code).toBe('request_pending');
    await played.engines[0]?.proceed();
    played.server.say(taken(1));
    expect((await first).peerId).toBe('peer 1');
    expect(played.server.of('pair_request').map(({ target_id }) => target_id)).toEqual(['peer 1']);
  });

  it('sends the offer of a session that is away once it is back', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const { peer, server, engines, clock } = played;
    const pairing = peer.pair({ id: 'peer 1' });
    server.cut();
    await settled();
    await engines[0]?.proceed();
    expect(sent(played)).toEqual(['pair_request']);
    clock.advance(1_000);
    await settled();
    server.resume();
    expect(server.sent.slice(-2)).toMatchObject([{ target_id: 'peer 1' }, { sdp: SDP, request: 1 }]);
    server.say(taken(1));
    expect((await pairing).peerId).toBe('peer 1');
  });

  it('leaves a pairing whose peer got the offer of a request that was given up, and makes place for the next one', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const { peer, server, engines } = played;
    const giveUp = new AbortController();
    const failed = errorOf(peer.pair({ id: 'peer 1' }, { signal: giveUp.signal }));
    await engines[0]?.proceed();
    giveUp.abort();
    expect((await failed).code).toBe('aborted');
    expect((await errorOf(peer.pair({ id: 'peer 2' }))).code).toBe('request_pending');
    server.say(taken(1));
    expect(server.of('unpair')).toEqual([{ type: 'unpair', epoch: 1 }]);
    const second = peer.pair({ id: 'peer 2' });
    await engines[1]?.proceed();
    server.say(taken(2, 4));
    expect((await second).peerId).toBe('peer 2');
  });

  it('leaves a pairing whose peer got the offer of a request that nobody waits for any more', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const { peer, server, engines, clock } = played;
    const failed = errorOf(peer.pair({ id: 'peer 1' }));
    await engines[0]?.proceed();
    clock.advance(60_000);
    expect((await failed).code).toBe('timeout');
    await settled();
    server.say(taken(1));
    expect(server.of('unpair')).toEqual([{ type: 'unpair', epoch: 1 }]);
    expect(peer.connections.size).toBe(0);
  });

  it('keeps the offer for who was asked, if a room pairs it with another one meanwhile', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 2 }, 2, true);
    const { peer, server, engines } = played;
    const pairing = peer.pair({ id: 'peer 1' });
    await engines[0]?.proceed();
    await engines[0]?.proceed();
    server.say({ ...paired(2, true), room: 'den' }, taken(1));
    await pairing;
    await settled();
    expect(shown(played)).toEqual([
      [OFFERED, OWN],
      [['setLocal(offer)'], OWN],
    ]);
    await engines[1]?.proceed();
    expect(server.of('offer').map(({ epoch }) => epoch)).toEqual([undefined, 2]);
  });

  it.each([
    ['made', false],
    ['set', true],
  ])('fails the pairing if that offer could not be %s', async (_, isMade) => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true);
    const pairing = played.peer.pair({ id: 'peer 1' });
    await played.engines[0]?.proceed(isMade ? undefined : new Error('it cannot be made'));
    if (isMade) await played.engines[0]?.proceed(new Error('it cannot be set'));
    const failed = errorOf(played.peer.opened());
    const before = isMade ? ['pair_request', 'offer'] : ['pair_request'];
    expect(sent(played)).toEqual(before);
    played.server.say(taken(1));
    await pairing;
    expect((await failed).code).toBe('description_refused');
    expect(sent(played)).toEqual([...before, 'unpair']);
  });

  it.each([
    ['made', false],
    ['set', true],
  ])('tells nobody that an offer could not be %s that nobody needs', async (_, isMade) => {
    const played = await playedPeer({ iceServers: OWN }, undefined, true);
    const told: unknown[] = [];
    played.peer.on('error', (error) => told.push(error));
    const failed = errorOf(played.peer.pair({ id: 'peer 1' }));
    await played.engines[0]?.proceed(isMade ? undefined : new Error('it cannot be made'));
    if (isMade) await played.engines[0]?.proceed(new Error('it cannot be set'));
    played.server.say(refusal);
    expect((await failed).code).toBe('target_not_found');
    await settled();
    expect(told).toEqual([]);
  });

  it('answers with another one if it is asked first, and makes each request its own offer', async () => {
    const played = await playedPeer({ iceServers: OWN, peers: 4 }, 4, true);
    const { peer, server, engines } = played;
    const [first, second] = [peer.connect({ id: 'peer 2' }), peer.connect({ id: 'peer 3' })];
    server.say(paired(1, false));
    await engines[0]?.proceed();
    expect(shown(played)).toEqual([
      [OFFERED, OWN],
      [[], OWN],
    ]);
    server.say(paired(2, true));
    await first;
    await settled();
    await engines[2]?.proceed();
    server.say(paired(3, true));
    await second;
    await settled();
    expect(shown(played)).toEqual([
      [OFFERED, OWN],
      [[], OWN],
      [OFFERED, OWN],
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
    await played.engines[0]?.proceed();
    end(played, giveUp);
    expect((await failed).code).toBe(code);
    await settled();
    expect(shown(played)).toEqual([[[...OFFERED, 'close'], OWN]]);
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
