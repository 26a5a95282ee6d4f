/** A client that sends what no client should: node rude-client.mjs URL WHAT. */
import { WebSocket } from 'ws';

const [url, what] = process.argv.slice(2);
const raw = (bytes) => (socket) => socket._socket.write(Buffer.from(bytes));

const acts = {
  'a frame with reserved bits': raw([0xf1, 0x80, 0, 0, 0, 0]),
  'a frame of 16 MiB': raw([0x81, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
  'a message of 100,000 levels': (socket) =>
    socket.send(`{"type":"candidate","candidate":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
  // So many that one of the steps gets too many, however they are shared out over the steps.
  '200,000 messages': (socket) => {
    for (let n = 0; n < 200_000; n += 1) socket.send('{"type":"pong"}');
  },
};
const socket = new WebSocket(url);
socket.on('open', () => acts[what](socket));
socket.on('error', () => {});
