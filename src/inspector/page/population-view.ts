/** All machines of a server: how many are in each state, how often each transition is taken, and a search. */
import type {
  InspectMessage,
  ListedMachine,
  ListRequest,
  Network,
} from '../../protocol/inspect/inspect-messages.ts';
import { ChartPanel, type Detail } from './chart-panel.ts';
import { h } from './dom.ts';
import { ListView } from './list-view.ts';
import { NetworkView } from './network-view.ts';

type Population = Extract<InspectMessage, { type: 'population' }>;

/** What there is to see before a server has said what it has. */
export const DEFAULT_MACHINES: readonly ListedMachine[] = ['session', 'pairing'];

const titles: Readonly<Record<ListedMachine, string>> = {
  session: 'Sessions',
  pairing: 'Pairings',
  player: 'Players',
  'relay-link': 'Links',
  'remote-session': 'Clients of other nodes',
  'node-link': 'Links to other nodes',
};

export class PopulationView {
  readonly element: HTMLElement;
  readonly list: ListView;
  readonly #network = new NetworkView();
  readonly #panels: ReadonlyMap<ListedMachine, ChartPanel>;

  constructor(machines: readonly ListedMachine[], ask: (request: ListRequest) => void, detail: Detail) {
    this.#panels = new Map(machines.map((name) => [name, new ChartPanel(name, titles[name], detail)]));
    this.list = new ListView(
      ask,
      [...this.#panels].map(([machine, panel]) => ({
        machine,
        title: titles[machine].toLowerCase(),
        stateIds: statesIn(panel),
      })),
    );
    const elements = [...this.#panels.values()].map(({ element }) => element);
    this.element = h(
      'div',
      { class: 'population-view' },
      ...(machines.includes('relay-link') ? [this.#network.element] : []),
      h('div', { class: 'charts', 'data-count': elements.length }, ...elements),
      this.list.element,
    );
  }

  /** New numbers; the list is asked for anew with them. */
  show({ machines }: Population): void {
    for (const [name, panel] of this.#panels) {
      const population = machines[name];
      if (population) panel.showPopulation(population);
    }
    this.list.refresh();
  }

  showNetwork(network: Network): void {
    this.#network.show(network);
  }

  setDetail(detail: Detail): void {
    for (const panel of this.#panels.values()) panel.setDetail(detail);
  }
}

/** The ids of the states that a chart shows, but its own. */
function statesIn({ element }: ChartPanel): string[] {
  return [...element.querySelectorAll('[data-state]')]
    .map((state) => state.getAttribute('data-state') ?? '')
    .filter((id) => id.includes('.'));
}
