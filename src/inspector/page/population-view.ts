/** All sessions and pairings: how many are in each state, how often each transition is taken, and a search. */
import type { InspectMessage, ListRequest } from '../../protocol/inspect.ts';
import { ChartPanel, type Detail } from './chart-panel.ts';
import { h } from './dom.ts';
import { ListView } from './list-view.ts';

type Population = Extract<InspectMessage, { type: 'population' }>;

export class PopulationView {
  readonly element: HTMLElement;
  readonly list: ListView;
  readonly #session: ChartPanel;
  readonly #pairing: ChartPanel;

  constructor(ask: (request: ListRequest) => void, detail: Detail) {
    this.#session = new ChartPanel('session', 'Sessions', detail);
    this.#pairing = new ChartPanel('pairing', 'Pairings', detail);
    this.list = new ListView(ask, {
      session: statesIn(this.#session),
      pairing: statesIn(this.#pairing),
    });
    this.element = h(
      'div',
      { class: 'population-view' },
      h('div', { class: 'charts' }, this.#session.element, this.#pairing.element),
      this.list.element,
    );
  }

  /** New numbers; the list is asked for anew with them. */
  show({ session, pairing }: Population): void {
    this.#session.showPopulation(session);
    this.#pairing.showPopulation(pairing);
    this.list.refresh();
  }

  setDetail(detail: Detail): void {
    this.#session.setDetail(detail);
    this.#pairing.setDetail(detail);
  }
}

/** The ids of the states that a chart shows, but its own. */
function statesIn({ element }: ChartPanel): string[] {
  return [...element.querySelectorAll('[data-state]')]
    .map((state) => state.getAttribute('data-state') ?? '')
    .filter((id) => id.includes('.'));
}
