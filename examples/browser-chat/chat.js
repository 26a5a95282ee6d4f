/** A chat for two: one gives its key to the other. The messages go from browser to browser. */
import { createPeer } from './pairlane.js';

const element = (id) => document.getElementById(id);
const status = (text) => {
  element('status').textContent = text;
};

function show(text, who) {
  const line = document.createElement('li');
  line.className = who;
  line.textContent = text;
  element('messages').append(line);
}

// ?server= in the page's URL names the signaling server; see serve.js.
const peer = await createPeer({ url: new URLSearchParams(location.search).get('server') });

async function invite() {
  const { key } = await peer.createKey();
  element('key').textContent = key;
}

peer.on('open', () => status('Connected.'));
peer.on('message', (text) => show(text, 'theirs'));
peer.on('peer_disconnected', () => {
  status('The other one left.');
  invite().catch((error) => status(error.message)); // the server may be gone, too
});
peer.on('error', (error) => status(error.message));

element('pair').addEventListener('submit', (event) => {
  event.preventDefault();
  peer.pair({ key: event.target.key.value }).catch((error) => status(error.message));
});
element('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const { value } = event.target.text;
  event.target.reset();
  peer.send(value).then(
    () => show(value, 'mine'),
    (error) => status(error.message),
  );
});

await invite();
status('Waiting for the other one.');
