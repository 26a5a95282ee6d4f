/** The machines of a record, one line each, with name and state. A click shows the machine's chart. */
import { activeStateIds } from '../../machines/chart/active-state-ids.ts';
import type { Lane, ShownMachine, StateValueJson } from '../../protocol/inspect/inspect-messages.ts';
import { sentenceOf } from '../charts/sentence.ts';
import { toneOfValue } from '../records/lane-spans.ts';
import { describeState } from '../records/timeline.ts';
import { h } from './dom.ts';

interface Card {
  readonly element: HTMLButtonElement;
  readonly title: HTMLElement;
  readonly state: HTMLElement;
}

export class LaneCards {
  readonly element = h('div', { class: 'cards', role: 'group', 'aria-label': 'Machines' });
  readonly #cards = new Map<Lane, Card>();
  readonly #choose: (lane: Lane) => void;

  constructor(choose: (lane: Lane) => void) {
    this.#choose = choose;
  }

  name(lane: Lane, text: string): void {
    const card = this.#cards.get(lane) ?? this.#add(lane);
    card.title.textContent = text;
    card.element.dataset.panel = text;
  }

  show(lane: Lane, machine: ShownMachine, value: StateValueJson | undefined, isStepped: boolean): void {
    const card = this.#cards.get(lane);
    if (!card) return;
    card.state.textContent = value === undefined ? 'not there yet' : shortState(value);
    card.state.title = value === undefined ? '' : describeState(value);
    card.element.dataset.tone = value === undefined ? 'plain' : toneOfValue(value);
    card.element.dataset.active =
      value === undefined ? '' : activeStateIds(machine, value as never).join(' ');
    card.element.classList.toggle('stepped', isStepped);
  }

  /** @param lane undefined: none of them */
  press(lane: Lane | undefined): void {
    for (const [each, { element }] of this.#cards)
      element.setAttribute('aria-pressed', String(each === lane));
  }

  #add(lane: Lane): Card {
    const title = h('span', { class: 'card-title' });
    const state = h('span', { class: 'card-state' });
    const element = h(
      'button',
      { type: 'button', class: 'card', click: () => this.#choose(lane) },
      title,
      state,
    );
    const card = { element, title, state };
    this.#cards.set(lane, card);
    this.element.append(element);
    return card;
  }
}

function shortState(value: StateValueJson): string {
  return describeState(value)
    .split(', ')
    .map((part) => sentenceOf(part.split('.').at(-1) ?? ''))
    .join(' · ');
}
