/** All machines of a server: a searchable list, how many are in each state, and how often each transition is taken. */
import type {
  InspectMessage,
  LinkTraffic,
  ListedMachine,
  ListRequest,
  Network,
} from '../../protocol/inspect/inspect-messages.ts';
import { ChartPanel, type Detail } from './chart-panel.ts';
import { chartSvgs } from './chart-svgs.ts';
import { h } from './dom.ts';
import { ListView } from './list-view.ts';
import { NetworkView } from './network-view.ts';
import { RefusalsView } from './refusals-view.ts';

type Population = Extract<InspectMessage, { type: 'population' }>;

/** Shown before a server has said which machines it has. */
export const DEFAULT_MACHINES: readonly ListedMachine[] = ['session', 'pairing'];

const titles: Readonly<Record<ListedMachine, string>> = {
  session: 'Sessions',
  pairing: 'Pairings',
  'relay-link': 'Links',
  'remote-session': 'Clients of other nodes',
  'node-link': 'Links to other nodes',
};

interface Panel {
  readonly panel: ChartPanel;
  readonly total: HTMLElement;
}

export class PopulationView {
  readonly element: HTMLElement;
  readonly list: ListView;
  readonly #network = new NetworkView();
  readonly #refusals = new RefusalsView();
  readonly #panels: ReadonlyMap<ListedMachine, Panel>;

  constructor(
    { machines, hasGames }: { readonly machines: readonly ListedMachine[]; readonly hasGames: boolean },
    ask: (request: ListRequest) => void,
    detail: Detail,
  ) {
    this.#panels = new Map(machines.map((name) => [name, panelOf(name, detail)]));
    this.list = new ListView(
      ask,
      [...this.#panels].map(([machine, { panel }]) => ({
        machine,
        title: titles[machine].toLowerCase(),
        stateIds: panel.stateIds,
      })),
      hasGames,
    );
    const elements = [...this.#panels.values()].map(({ panel }) => panel.element);
    this.element = h(
      'div',
      { class: 'population-view' },
      // A relay server's network view has its own heading.
      ...(machines.includes('relay-link') ? [] : [h('h1', { class: 'hidden' }, 'Sessions and pairings')]),
      ...(machines.includes('relay-link') ? [this.#network.element] : []),
      this.list.element,
      this.#refusals.element,
      h('div', { class: 'charts' }, ...elements),
    );
  }

  /** Shows new numbers, and requests the list again. */
  show({ machines }: Population): void {
    for (const [name, { panel, total }] of this.#panels) {
      const population = machines[name];
      if (!population) continue;
      panel.showPopulation(population);
      total.textContent = `${population.total.toLocaleString('en')} in all`;
    }
    this.list.refresh();
  }

  showNetwork(network: Network): void {
    this.#network.show(network);
  }

  showTraffic(links: readonly LinkTraffic[]): void {
    this.#network.showTraffic(links);
  }

  showRefusals(refusals: Extract<InspectMessage, { type: 'refusals' }>): void {
    this.#refusals.show(refusals);
  }

  setDetail(detail: Detail): void {
    for (const { panel } of this.#panels.values()) panel.setDetail(detail);
  }
}

function panelOf(machine: ListedMachine, detail: Detail): Panel {
  const panel = new ChartPanel(detail, { way: false });
  panel.show(chartSvgs[machine], titles[machine]);
  panel.element.dataset.panel = titles[machine];
  const total = h('p', { class: 'status' });
  panel.element.querySelector('.panel-head')?.after(total);
  return { panel, total };
}
