/**
 * The line between the two peers: how far they are, the path and round trip, and each message that travels along it.
 */
import type { ConnectionStats, PeerState } from '../client/browser/index.ts';
import { element } from './dom.ts';
import { stateWords, wayWords } from './labels.ts';

const alone: ReadonlySet<PeerState> = new Set(['signaling', 'unpaired', 'disconnected']);

/** More of them could not be told apart. */
const MAX_PACKETS = 6;

export class Lane {
  readonly #lane = element('lane');
  readonly #track = element('track');

  /** @param peerName undefined if there is no peer yet */
  show(state: PeerState, peerName: string | undefined): void {
    const isAlone = alone.has(state);
    this.#lane.dataset.state = state;
    element('state').textContent = stateWords[state];
    element('peer').textContent = isAlone || peerName === undefined ? 'Nobody yet' : peerName;
    element('leave').hidden = isAlone;
    element('start').hidden = !isAlone;
    if (state !== 'connected') this.showWay(undefined);
  }

  showWay(stats: ConnectionStats | undefined): void {
    const words = stats ? wayWords(stats) : '';
    element('way').textContent = words === '' ? '' : `· ${words}`;
    this.#lane.dataset.path = stats?.path ?? '';
  }

  /** Shows something on its way; people who prefer reduced motion see nothing. */
  packet(from: 'me' | 'peer', kind: 'text' | 'file'): void {
    if (this.#track.childElementCount >= MAX_PACKETS) return;
    const dot = document.createElement('i');
    dot.dataset.from = from;
    dot.dataset.kind = kind;
    dot.addEventListener('animationend', () => dot.remove());
    this.#track.append(dot);
    // Without an animation, nothing would remove it.
    if (getComputedStyle(dot).animationName === 'none') dot.remove();
  }
}
