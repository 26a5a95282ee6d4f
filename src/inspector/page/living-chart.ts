/** The one chart of a workspace: the state of its machine, how it got there, and what may come next. */

import { activeStateIds } from '../../machines/chart/active-state-ids.ts';
import {
  isStep,
  type Lane,
  machineOfLane,
  type PairingRecord,
  type StateValueJson,
} from '../../protocol/inspect/inspect-messages.ts';
import { eventWords } from '../charts/sentence.ts';
import { describeState } from '../records/timeline.ts';
import { ChartPanel, type Detail, possibleNext } from './chart-panel.ts';
import { chartSvgs } from './chart-svgs.ts';
import { h, keepChildren } from './dom.ts';

export interface Shown {
  readonly record: PairingRecord;
  readonly index: number;
  readonly lane: Lane;
  readonly title: string;
}

export class LivingChart {
  readonly element: HTMLElement;
  readonly #panel: ChartPanel;
  readonly #status = h('p', { class: 'status', role: 'status' });
  readonly #next = h('p', { class: 'next' });

  constructor(detail: Detail) {
    this.#panel = new ChartPanel(detail, { way: true });
    this.element = this.#panel.element;
    this.element.classList.add('living');
    this.element.querySelector('.panel-head')?.after(this.#status, this.#next);
  }

  setDetail(detail: Detail): void {
    this.#panel.setDetail(detail);
  }

  /** @param note why an event was just ignored */
  show({ record, index, lane, title }: Shown, value: StateValueJson | undefined, note: string): void {
    const machine = machineOfLane(record.header, lane);
    const been = new Set<string>();
    for (const line of record.lines.slice(0, index + 1)) {
      if (!('of' in line) || line.of !== lane) continue;
      const state = isStep(line) ? line.to : line.first.value;
      if (state !== undefined) for (const id of activeStateIds(machine, state as never)) been.add(id);
    }
    const line = record.lines[index];
    const taken = line && isStep(line) && line.of === lane ? line.taken : [];
    const active = value === undefined ? [] : activeStateIds(machine, value as never);
    this.#panel.show(chartSvgs[machine], title);
    this.#panel.showWay({ active, been, taken });
    const by = taken.length > 0 ? `by ${[...new Set(taken.map(eventWords))].join(', ')}` : '';
    keepChildren(this.#status, [
      value === undefined ? 'Not there yet' : describeState(value),
      ...(note || by ? [' ', h('span', { class: note ? 'why' : 'via' }, note || by)] : []),
    ]);
    const next = value === undefined ? [] : possibleNext(chartSvgs[machine], active);
    this.#next.textContent = next.length > 0 ? `Next: ${next.join('; ')}` : 'Nothing can follow.';
    this.#next.title = this.#next.textContent;
  }
}
