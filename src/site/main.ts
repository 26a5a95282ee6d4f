/** The page at `/`: a visible peer. Everything it shows follows from the peer's two states. */
import { createPeer, type PairlaneError, type Peer } from '../client/browser/index.ts';
import type { SiteFacts } from '../protocol/site/site-facts.ts';
import { Chat } from './chat.ts';
import { element } from './dom.ts';
import { Invitation } from './invitation.ts';
import { NO_WAY_FOUND, noWayWords, problemOf, SLOW_HINT, signalingWords } from './labels.ts';
import { Lane } from './lane.ts';
import { Pace } from './pace.ts';
import { type Target, takeFragment, targetFrom } from './pairing-target.ts';
import { nameOf } from './peer-name.ts';
import { loadSiteFacts } from './site-facts.ts';

/** The server may not be running yet; later, the peer reconnects by itself. */
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

function run(peer: Peer, facts: SiteFacts): void {
  const lane = new Lane();
  const invitation = new Invitation(peer, facts);
  const chat = new Chat(peer, lane);
  let peerName: string | undefined;
  /** Whether the two were connected during their last pairing. */
  let hadWay = false;
  const pace = new Pace({
    slow: (isSlow) => {
      element('hint').textContent = isSlow ? SLOW_HINT : '';
      element('hint').hidden = !isSlow;
    },
    gaveUp: () => {
      peer.unpair();
      ended(NO_WAY_FOUND);
      showProblem(noWayWords(facts.hasTurn));
    },
  });

  const show = () => {
    showSignaling(peer.signaling);
    invitation.isLive = peer.signaling === 'online';
    pace.follow(peer.state);
    if (peer.state === 'connected' || pace.isOnTheWay) hadWay = peer.state === 'connected';
    lane.show(peer.state, peerName);
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
      showProblem(problemOf(error as PairlaneError, facts.hasTurn));
      return false;
    } finally {
      show();
    }
  };
  const ended = (words: string) => {
    chat.isOpen = false;
    chat.add('page', words);
    element('target').focus({ preventScroll: true });
  };

  peer.on('state', show);
  peer.on('signaling', (_, id) => {
    // The server has dropped the keys of a session that is over.
    if (id !== element('own-id').textContent) invitation.drop();
    show();
  });
  peer.on('paired', ({ peerId }) => {
    peerName = nameOf(peerId);
    hadWay = false;
    invitation.drop();
    showProblem('');
    chat.begin();
    chat.isOpen = false;
    show();
  });
  peer.on('open', () => {
    chat.isOpen = true;
  });
  peer.on('stats', (stats) => lane.showWay(stats));
  peer.on('peer_disconnected', ({ reason }) => {
    // The peer that gives up first leaves; the other one should show the same reason.
    const isNoWay = !hadWay && reason === 'unpaired';
    ended(isNoWay ? NO_WAY_FOUND : `${peerName} left.`);
    if (isNoWay) showProblem(noWayWords(facts.hasTurn));
    show();
  });
  peer.on('error', (error) => {
    showProblem(problemOf(error, facts.hasTurn));
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
      // An invalid entry stays, so that its mistake can be seen.
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

/** @param message empty: no problem */
function showProblem(message: string): void {
  element('problem').textContent = message;
  element('problem').hidden = message === '';
  if (message !== '') element('problem').scrollIntoView({ block: 'nearest' });
}

// The key waits for the connection: it begins before the facts are asked for.
const peer = connect();
const facts = loadSiteFacts();
run(await peer, await facts);
