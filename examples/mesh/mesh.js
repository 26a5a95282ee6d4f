/** A group in which every peer is connected to every other: what one says reaches all others, and no server. */
import { createInterface } from 'node:readline';
import { createPeer } from 'pairlane/client';

const [name = 'somebody', url = 'ws://127.0.0.1:8765/'] = process.argv.slice(2);
// ICE=local: use no STUN server, for a machine without a network.
const ice = process.env.ICE === 'local' && { iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
const peer = await createPeer({ url, peers: 8, ...ice });
const room = await peer.join('group', { metadata: { name } });

// The metadata of other members can be anything.
const nameOf = ({ id, metadata } = {}) => (typeof metadata?.name === 'string' ? metadata.name : id);
const who = (id) => nameOf(room.peers.get(id)) ?? id;

console.log(
  `You are ${name}. Others here: ${[...room.peers.values()].map(nameOf).join(', ') || 'nobody yet'}.`,
);
room.on('left', (member) => console.log(`${nameOf(member)} left.`));
room.on('edge', ({ id, state, reason }) => {
  if (state === 'connected') console.log(`Connected with ${who(id)}.`);
  if (state === 'missing') console.log(`No connection with ${who(id)} (${reason}); it is tried again.`);
});
room.on('message', (text, from) => console.log(`${who(from)}: ${text}`));
room.on('close', ({ reason }) => console.log(`You are in the group no longer: ${reason}.`));
peer.on('error', (error) => console.error(`${error.code}: ${error.message}`));

process.once('SIGINT', () => peer.close());
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { missed } = await room.broadcast(line);
    if (missed.length > 0) console.log(`Not heard by ${missed.map(who).join(', ')}.`);
  } catch (error) {
    console.error(`${error.code}: ${error.message}`);
  }
}
await peer.close();
