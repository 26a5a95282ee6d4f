/**
 * The controls that move a workspace's cursor: by line, to the next change or problem, by playing, or following live.
 */
import type { RecordLine } from '../../protocol/inspect/inspect-messages.ts';
import { timeOf } from '../records/time-words.ts';
import { button, h } from './dom.ts';

export interface TimeActions {
  travel(index: number): void;
  live(): void;
  play(): void;
  /** To the next or previous problem. */
  jump(by: 1 | -1): void;
  /** To the next or previous change. */
  step(by: 1 | -1): void;
}

export class TimeControls {
  readonly element: HTMLElement;
  readonly #slider: HTMLInputElement;
  readonly #when = h('output', { for: 'time' });
  readonly #play: HTMLButtonElement;
  readonly #live: HTMLButtonElement;

  constructor(actions: TimeActions) {
    this.#slider = h('input', {
      type: 'range',
      id: 'time',
      min: 0,
      step: 1,
      'aria-label': 'Moment',
      input: () => actions.travel(Number(this.#slider.value)),
    });
    this.#play = button('Play', () => actions.play());
    this.#live = button('Now', () => actions.live());
    this.#live.classList.add('follow');
    this.element = h(
      'div',
      { class: 'time' },
      button('⇤ Problem', () => actions.jump(-1), 'Previous problem'),
      button('←', () => actions.step(-1), 'Previous change'),
      this.#play,
      button('→', () => actions.step(1), 'Next change'),
      button('Problem ⇥', () => actions.jump(1), 'Next problem'),
      this.#slider,
      this.#when,
      this.#live,
    );
  }

  show(index: number, lines: readonly RecordLine[], isLive: boolean): void {
    const last = Math.max(lines.length - 1, 0);
    this.#slider.max = String(last);
    this.#slider.value = String(index);
    this.#when.textContent = `${timeOf(lines[index]?.t ?? 0)} · line ${index + 1} of ${last + 1}`;
    this.#slider.setAttribute('aria-valuetext', this.#when.textContent);
    this.#live.setAttribute('aria-pressed', String(isLive));
  }

  showPlaying(isPlaying: boolean): void {
    this.#play.textContent = isPlaying ? 'Pause' : 'Play';
  }
}
