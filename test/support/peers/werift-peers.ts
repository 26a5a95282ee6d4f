/**
 * Real peers over werift, closed after each test. Without STUN: everything is on this machine, perhaps loopback only.
 */
import { afterEach } from '@jest/globals';
import { nodePlatform, type Peer, type PeerEvents, type PeerOptions } from '../../../src/client/index.ts';
import { createPeerWith } from '../../../src/client/peer/peer.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';
import { noteTransitions } from '../machines/transition-coverage.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';

const peers: Peer[] = [];
const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

/** A peer whose machine's transitions are counted. */
export async function testPeer(
  url: string,
  options: PeerOptions = {},
  platform: Platform = nodePlatform,
): Promise<Peer> {
  const peer = await createPeerWith(platform, {
    url,
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
    observer: noteTransitions,
    ...options,
  });
  peers.push(peer);
  return peer;
}

/** Two peers with an open channel; the first one is the initiator. */
export async function openPair(url: string, options: PeerOptions = {}): Promise<[Peer, Peer]> {
  return open(await testPeer(url, options), await testPeer(url, options));
}

/** Pairs the two and waits for their channel. */
export async function open(initiator: Peer, receiver: Peer): Promise<[Peer, Peer]> {
  await initiator.pair({ id: receiver.id as string });
  await Promise.all([initiator.opened(), receiver.opened()]);
  return [initiator, receiver];
}

/** Waits for an event. @returns its first argument */
export function event<Name extends keyof PeerEvents>(
  peer: Peer,
  name: Name,
): Promise<Parameters<PeerEvents[Name]>[0]> {
  return new Promise((resolve) => peer.once(name, resolve as never));
}

/**
 * Waits until the peer is in the state.
 * @throws if it does not come, with the states that came instead; and at once when the peer is closed, as it is after each
 * test: the wait of an attempt that failed would keep a process of jest's alive
 */
export function inState(peer: Peer, state: Peer['state']): Promise<void> {
  if (peer.state === state) return Promise.resolve();
  const states: string[] = [peer.state];
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(deadline);
      peer.off('state', check);
    };
    const fail = () => {
      finish();
      reject(new Error(`${state} did not come; since then the peer was ${states.join(', ')}`));
    };
    const deadline = setTimeout(fail, PATIENCE_MS);
    function check(now: Peer['state']) {
      states.push(now);
      if (now === state) {
        finish();
        resolve();
      } else if (now === 'disconnected') fail();
    }
    peer.on('state', check);
  });
}

/** Records what an event brings, from now on. */
export function recorded<Name extends keyof PeerEvents>(
  peer: Peer,
  name: Name,
): Parameters<PeerEvents[Name]>[0][] {
  const list: Parameters<PeerEvents[Name]>[0][] = [];
  peer.on(name, ((value: never) => list.push(value)) as never);
  return list;
}

/** What a promise was rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<{ code?: string; message: string }> {
  return promise.then(
    () => {
      throw new Error('it was fulfilled');
    },
    (error) => error,
  );
}

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
  const unhandled = rejections.splice(0);
  if (unhandled.length > 0) throw new Error(`unhandled rejections: ${unhandled.map(String).join(', ')}`);
});
