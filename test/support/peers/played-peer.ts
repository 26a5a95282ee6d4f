/** A peer with several connections whose server and WebRTC engine are controlled by a test, without delays. */
import { afterEach } from '@jest/globals';
import {
  type ConnectionConfig,
  createPeerWith,
  type Peer,
  type PeerOptions,
} from '../../../src/client/index.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { PlayedServer } from '../clients/played-server.ts';
import { noteTransitions } from '../machines/transition-coverage.ts';
import { FakePeerConnection } from './fake-rtc.ts';

const peers: Peer[] = [];

export interface PlayedPeer {
  readonly peer: Peer;
  readonly server: PlayedServer;
  readonly clock: ManualClock;
  /** Its engine's connections, oldest first. */
  readonly engines: FakePeerConnection[];
}

/**
 * @param maxPeers what the server allows; undefined: it supports only one peer per client
 * @param isSlowToCreate whether connections are made ahead, as in a browser
 * @param keepsSessions whether the server has sessions that can be resumed
 */
export async function playedPeer(
  options: PeerOptions = {},
  maxPeers?: number,
  isSlowToCreate = false,
  keepsSessions = true,
): Promise<PlayedPeer> {
  const server = new PlayedServer(maxPeers, keepsSessions);
  const clock = new ManualClock();
  const engines: FakePeerConnection[] = [];
  const createConnection = (config: ConnectionConfig) => {
    const engine = new FakePeerConnection();
    engine.config = config;
    engines.push(engine);
    return engine;
  };
  const { openSocket } = server;
  const platform = { openSocket, createConnection, isSlowToCreate, clock, random: () => 0.5 };
  const peer = await createPeerWith(platform, { observer: noteTransitions, ...options });
  peers.push(peer);
  return { peer, server, clock, engines };
}

/** Waits until everything that follows from already resolved promises has happened. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close({ atOnce: true })));
});
