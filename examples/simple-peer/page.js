/** simple-peer, signaling through Pairlane: one page makes a key, the other pairs by it, and `signal` carries the rest. */
const query = new URLSearchParams(location.search);
const server = new WebSocket(query.get('server'));
const say = (message) => server.send(JSON.stringify(message));
const show = (id, text) => {
  document.getElementById(id).textContent = text;
};
let peer;

function begin({ initiator, epoch, ice_servers: iceServers = [] }) {
  peer = new SimplePeer({ initiator, trickle: query.get('trickle') !== 'no', config: { iceServers } });
  window.peer = peer; // to play with
  peer.on('signal', (data) => say({ type: 'signal', data, epoch }));
  peer.on('connect', () => show('status', 'Connected.'));
  peer.on('data', (text) => document.getElementById('messages').append(`${text}`));
  peer.on('error', ({ message }) => show('status', message));
}

server.onmessage = ({ data: text }) => {
  const message = JSON.parse(text);
  if (message.type === 'your_id') say({ type: 'create_key' });
  else if (message.type === 'key') show('key', message.key);
  else if (message.type === 'paired') begin(message);
  else if (message.type === 'signal') peer.signal(message.data);
  else if (message.type === 'peer_disconnected') peer.destroy();
  else if (message.type === 'ping') say({ type: 'pong' });
  else if (message.type === 'error') show('status', message.message);
};
document.getElementById('pair').onsubmit = (event) => {
  event.preventDefault();
  say({ type: 'pair_request', key: event.target.key.value });
};
