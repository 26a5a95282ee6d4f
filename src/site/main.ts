/** The page at `/`: a peer that one can see. Everything it shows follows from the peer's two states. */
import {
  createPeer,
  describeStats,
  type PairlaneError,
  type Peer,
  type PeerState,
} from '../client/browser/index.ts';
import { Chat } from './chat.ts';
import { element } from './dom.ts';
import { Invitation } from './invitation.ts';
import { problemOf, SLOW_HINT, signalingWords, stateWords } from './labels.ts';
import { type Target, takeFragment, targetFrom } from './pairing-target.ts';
import { nameOf } from './peer-name.ts';

const SLOW_AFTER_MS = 8_000;
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
    element('own-name').textContent = peer.id === undefined ? 'You' : `You, ${nameOf(peer.id)}`;
    if (peer.signaling === 'online' && peer.state === 'unpaired') invitation.show();
  };
  /** @returns whether they are paired */
  const pair = async (target: Target | undefined): Promise<boolean> => {
    if (!target) return false;
    showProblem('');
    try {
      await peer.pair(target);
      return true;
    } catch (error) {
      showProblem(problemOf(error as PairlaneError));
      return false;
    } finally {
      show();
    }
  };

  peer.on('state', show);
  peer.on('signaling', (_, id) => {
    // The server has forgotten the keys of a session that is over.
    if (id !== element('own-id').textContent) invitation.drop();
    show();
  });
  peer.on('paired', ({ peerId }) => {
    peerName = nameOf(peerId);
    invitation.drop();
    showProblem('');
    chat.begin();
    chat.isOpen = false;
    show();
  });
  peer.on('open', () => {
    chat.isOpen = true;
  });
  peer.on('stats', (stats) => showWay(describeStats(stats), stats.path));
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
    const typed = field.value;
    pair(targetFrom(typed)).then((isPaired) => {
      // What is wrong with it is easier to see while it is there.
      if (isPaired && field.value === typed) field.value = '';
    });
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

/** On the lane: whether the data goes straight, and how long it takes. */
function showWay(words: string, path?: string): void {
  element('way').textContent = words === '' ? '' : `· ${words}`;
  element('lane').dataset.path = path ?? '';
}

const alone: ReadonlySet<PeerState> = new Set(['signaling', 'unpaired', 'disconnected']);

let slow: ReturnType<typeof setTimeout> | undefined;
let shownState: PeerState | undefined;

/** Whoever waits for a way to each other longer than people expect is told what may be wrong. */
function watchPace(state: PeerState): void {
  if (state === shownState) return;
  shownState = state;
  clearTimeout(slow);
  element('hint').hidden = true;
  if (state !== 'checking' && state !== 'restarting') return;
  slow = setTimeout(() => {
    element('hint').textContent = SLOW_HINT;
    element('hint').hidden = false;
  }, SLOW_AFTER_MS);
}

function showState(state: PeerState, peerName: string): void {
  watchPace(state);
  const isAlone = alone.has(state);
  if (state !== 'connected') showWay('');
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
