/** The line between the two: how far they are, by which way, how long it takes, and each thing that goes along it. */
import type { ConnectionStats, PeerState } from '../client/browser/index.ts';
import { element } from './dom.ts';
import { stateWords, wayWords } from './labels.ts';

const alone: ReadonlySet<PeerState> = new Set(['signaling', 'unpaired', 'disconnected']);

/** More of them cannot be told apart. */
const MAX_PACKETS = 6;

export class Lane {
  readonly #lane = element('lane');
  readonly #track = element('track');

  /** @param peerName undefined: nobody yet */
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

  /** Shows something on its way; those who want no motion see none. */
  packet(from: 'me' | 'peer', kind: 'text' | 'file'): void {
    if (this.#track.childElementCount >= MAX_PACKETS) return;
    const dot = document.createElement('i');
    dot.dataset.from = from;
    dot.dataset.kind = kind;
    dot.addEventListener('animationend', () => dot.remove());
    this.#track.append(dot);
    // Without an animation nothing would take it away.
    if (getComputedStyle(dot).animationName === 'none') dot.remove();
  }
}
