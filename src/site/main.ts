/** The page at `/`: a peer that one can see. Everything it shows follows from the peer's two states. */
import { createPeer, type PairlaneError, type Peer, type PeerState } from '../client/browser/index.ts';
import { Chat } from './chat.ts';
import { element } from './dom.ts';
import { Invitation } from './invitation.ts';
import { problemOf, signalingWords, stateWords } from './labels.ts';
import { type Target, takeFragment, targetFrom } from './pairing-target.ts';

/** The server may not be there yet; later the peer itself sees to it. */
const FIRST_RETRY_MS = 2_000;

async function connect(): Promise<Peer> {
  for (;;) {
    try {
      return await createPeer();
    } catch {
      showSignaling('waiting');
      await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS));
    }
  }
}

function run(peer: Peer): void {
  const invitation = new Invitation(peer);
  const chat = new Chat(peer);
  let peerName = '';

  const show = () => {
    showSignaling(peer.signaling);
    showState(peer.state, peerName);
    element('own-id').textContent = peer.id ?? 'none yet';
    if (peer.signaling === 'online' && peer.state === 'unpaired') invitation.show();
  };
  const pair = async (target: Target | undefined) => {
    if (!target) return;
    showProblem('');
    try {
      await peer.pair(target);
    } catch (error) {
      showProblem(problemOf(error as PairlaneError));
    }
    show();
  };

  peer.on('state', show);
  peer.on('signaling', (_, id) => {
    // The server has forgotten the keys of a session that is over.
    if (id !== element('own-id').textContent) invitation.drop();
    show();
  });
  peer.on('paired', ({ peerId }) => {
    peerName = peerId.slice(0, 8);
    invitation.drop();
    showProblem('');
    chat.begin();
    chat.isOpen = false;
    show();
  });
  peer.on('open', () => {
    chat.isOpen = true;
  });
  peer.on('message', (data) => chat.add('peer', data));
  const ended = (words: string) => {
    chat.isOpen = false;
    chat.add('page', words);
    element('target').focus({ preventScroll: true });
  };
  peer.on('peer_disconnected', () => ended(`${peerName} left.`));
  peer.on('error', (error) => {
    showProblem(problemOf(error));
    if (peer.peerId === undefined) chat.isOpen = false;
  });

  element('leave').addEventListener('click', () => {
    peer.unpair();
    ended('You left.');
  });
  element('join').addEventListener('submit', (event) => {
    event.preventDefault();
    const field = element('target', HTMLInputElement);
    pair(targetFrom(field.value));
    field.value = '';
  });
  addEventListener('hashchange', () => pair(takeFragment()));
  show();
  pair(takeFragment());
}

function showSignaling(state: keyof typeof signalingWords): void {
  const line = element('signaling');
  line.dataset.state = state;
  if (line.textContent !== signalingWords[state]) line.textContent = signalingWords[state];
}

const alone: ReadonlySet<PeerState> = new Set(['signaling', 'unpaired', 'disconnected']);

function showState(state: PeerState, peerName: string): void {
  const isAlone = alone.has(state);
  element('lane').dataset.state = state;
  element('state').textContent = stateWords[state];
  element('peer').textContent = isAlone ? 'Nobody yet' : peerName;
  element('leave').hidden = isAlone;
  element('start').hidden = !isAlone;
}

/** @param message empty: there is none */
function showProblem(message: string): void {
  element('problem').textContent = message;
  element('problem').hidden = message === '';
}

run(await connect());
