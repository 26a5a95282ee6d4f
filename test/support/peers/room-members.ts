/** Real peers that are members of the room `den`. */
import type { JoinOptions, Peer, PeerOptions, Room } from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';
import type { TestServer } from '../servers/test-server.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';
import { testPeer } from './werift-peers.ts';

export interface Joined {
  readonly peer: Peer;
  readonly room: Room;
  readonly id: string;
  /** What arrived in the room, and who sent it. */
  readonly heard: string[];
}

export async function join(
  url: string,
  options: JoinOptions = {},
  peerOptions: PeerOptions = {},
  platform?: Platform,
): Promise<Joined> {
  const peer = await testPeer(url, { peers: 8, ...peerOptions }, platform);
  const room = await peer.join('den', options);
  const heard: string[] = [];
  room.on('message', (data, from) => heard.push(`${from}: ${data}`));
  return { peer, room, id: peer.id as string, heard };
}

/** @throws if it does not come, with the source of the fact */
export async function eventually(fact: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!fact()) {
    if (Date.now() > deadline) throw new Error(`it did not come: ${fact}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const whole = (...joined: Joined[]) =>
  eventually(() => joined.every(({ room }) => room.isWhole && room.edges.size > 0));

export async function mesh(server: TestServer, count: number): Promise<Joined[]> {
  const members = [await join(server.server.url)];
  const others = Array.from({ length: count - 1 }, () => join(server.server.url));
  members.push(...(await Promise.all(others)));
  await eventually(() => members.every(({ room }) => room.edges.size === count - 1));
  await whole(...members);
  return members;
}

export const idsBut = (members: readonly Joined[], own: Joined) =>
  members
    .filter((member) => member !== own)
    .map(({ id }) => id)
    .toSorted();
