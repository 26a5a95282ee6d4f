/** Plays Pong without a screen: joins your game as the right player, and moves its paddle to the ball. */
import { WebRTCManager } from 'pairlane/webrtc-manager';
import { io } from 'socket.io-client';

const RIGHT = 2;
const [gameId, url = 'http://127.0.0.1:8765'] = process.argv.slice(2);
if (!gameId) {
  console.error(
    'Usage: node player.js GAME [URL]. GAME is what stands behind ?game= in the address of your Pong page.',
  );
  process.exit(2);
}

// ICE=local: use no STUN server, for a machine without a network.
const local = process.env.ICE === 'local' && { iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
const socket = io(url);
const answer = await socket.emitWithAck('join_game', { game_id: gameId, player_id: RIGHT });
if (answer.error) {
  console.error(answer.error);
  process.exit(1);
}

const manager = new WebRTCManager(socket, gameId, RIGHT, {
  iceServers: answer.ice_servers,
  logger: false,
  ...local,
});
let sent = 0;
manager.onDataChannelOpen = () => console.log('The game is on.');
manager.onDataChannelMessage = (data) => {
  const { ball, probe } = JSON.parse(data);
  // The other side measures the round-trip time with its probes.
  if (probe !== undefined) manager.send(JSON.stringify({ back: probe }));
  if (ball) manager.send(JSON.stringify({ n: sent++, paddle: ball.y }));
};
manager.onDataChannelClose = () => console.log('You are gone. Waiting for you to come back.');

socket.on('player_joined', ({ player_id }) => manager.connectToPeer(player_id));
for (const id of answer.players) if (id !== RIGHT) manager.connectToPeer(id);
console.log(`I am player ${RIGHT} of ${gameId}.`);

process.once('SIGINT', async () => {
  await manager.close();
  socket.close();
});
