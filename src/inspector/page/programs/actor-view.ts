/** One actor: its chart at a step, the steps that led there, and its context at that step. */
import type { Chart } from '../../../machines/chart/chart.ts';
import { layOut } from '../../charts/draw/layout.ts';
import { drawSvg } from '../../charts/draw/svg.ts';
import { eventWords } from '../../charts/sentence.ts';
import { describeState } from '../../records/timeline.ts';
import type { ShownStep } from '../../stately/program-messages.ts';
import { ChartPanel, type Detail, possibleNext } from '../chart-panel.ts';
import { button, h } from '../dom.ts';
import { Playback } from '../playback.ts';
import { activeIdsIn, takenIn } from './chart-facts.ts';
import { StepList } from './step-list.ts';

/** As many as the server keeps. */
const MAX_STEPS = 2_000;

export interface ShownProgramActor {
  readonly name: string;
  readonly chart: Chart | undefined;
  readonly problem: string | undefined;
  readonly steps: readonly ShownStep[];
}

export class ActorView {
  readonly element: HTMLElement;
  readonly #actor: ShownProgramActor;
  readonly #drawing: Readonly<Record<Detail, string>> | undefined;
  readonly #panel: ChartPanel | undefined;
  readonly #status = h('p', { class: 'status', role: 'status' });
  readonly #next = h('p', { class: 'next' });
  readonly #list = new StepList((index) => this.travel(index));
  readonly #slider = h('input', {
    type: 'range',
    min: 0,
    step: 1,
    'aria-label': 'Moment',
    input: () => this.travel(Number(this.#slider.value)),
  });
  readonly #when = h('output', {});
  readonly #live = button('Now', () => this.#setLive());
  readonly #play = button('Play', () => this.#playback.toggle());
  readonly #context = h('pre', { class: 'context', tabindex: 0, 'aria-label': 'Context' });
  readonly #playback = new Playback({
    nextTime: () => {
      const [now, next] = [this.#steps[this.#index], this.#steps[this.#index + 1]];
      return now && next && { now: now.at, next: next.at };
    },
    step: () => this.travel(this.#index + 1),
    changed: (isPlaying) => {
      this.#play.textContent = isPlaying ? 'Pause' : 'Play';
    },
  });
  #steps: ShownStep[];
  #index = 0;
  #isLive = true;

  constructor(actor: ShownProgramActor, detail: Detail) {
    this.#actor = actor;
    this.#steps = [...actor.steps];
    const { chart, problem } = actor;
    this.#drawing = chart && { full: drawSvg(layOut(chart)), brief: drawSvg(layOut(chart, 'brief')) };
    this.#panel = chart && new ChartPanel(detail, { way: true });
    this.#panel?.element.classList.add('living');
    this.#panel?.element.querySelector('.panel-head')?.after(this.#status, this.#next);
    const drawn =
      this.#panel?.element ??
      h('section', { class: 'panel' }, h('h2', {}, actor.name), h('p', {}, problem ?? ''), this.#status);
    this.element = h(
      'div',
      { class: 'actor' },
      h(
        'div',
        { class: 'time' },
        button('←', () => this.travel(this.#index - 1), 'Previous step'),
        this.#play,
        button('→', () => this.travel(this.#index + 1), 'Next step'),
        this.#slider,
        this.#when,
        this.#live,
      ),
      drawn,
      h(
        'aside',
        { class: 'panel' },
        h('h2', {}, 'Steps'),
        this.#list.element,
        h('h2', {}, 'Context'),
        this.#context,
      ),
    );
    this.#list.add(this.#steps);
    this.#index = Math.max(this.#steps.length - 1, 0);
    this.#show();
  }

  setDetail(detail: Detail): void {
    this.#panel?.setDetail(detail);
  }

  add(steps: readonly ShownStep[]): void {
    this.#steps.push(...steps);
    const surplus = Math.max(this.#steps.length - MAX_STEPS, 0);
    this.#steps.splice(0, surplus);
    this.#list.add(steps);
    this.#list.dropFirst(surplus);
    this.#index = this.#isLive ? this.#steps.length - 1 : Math.max(this.#index - surplus, 0);
    this.#show();
  }

  /** Goes to that step and stays there while new ones come in. */
  travel(index: number): void {
    this.#index = Math.min(Math.max(index, 0), Math.max(this.#steps.length - 1, 0));
    this.#isLive = false;
    this.#show();
  }

  /** @returns whether the view handled the key */
  key({ key }: KeyboardEvent): boolean {
    if (key === 'ArrowLeft') this.travel(this.#index - 1);
    else if (key === 'ArrowRight') this.travel(this.#index + 1);
    else if (key === ' ') this.#playback.toggle();
    else if (key === 'End') this.#setLive();
    else return false;
    return true;
  }

  /** The view is no longer shown. */
  close(): void {
    this.#playback.stop();
  }

  #setLive(): void {
    this.#playback.stop();
    this.#index = Math.max(this.#steps.length - 1, 0);
    this.#isLive = true;
    this.#show();
  }

  #show(): void {
    const step = this.#steps[this.#index];
    this.#slider.max = String(Math.max(this.#steps.length - 1, 0));
    this.#slider.value = String(this.#index);
    this.#when.textContent = step ? `step ${step.seq} of ${this.#steps.at(-1)?.seq}` : 'no step yet';
    this.#live.setAttribute('aria-pressed', String(this.#isLive));
    this.#list.mark(this.#index);
    this.#context.textContent = step?.context === undefined ? '' : JSON.stringify(step.context, null, 2);
    this.#status.textContent = step ? stateIn(step) : '';
    if (step) this.#showChart(step);
  }

  #showChart(step: ShownStep): void {
    const { chart, name } = this.#actor;
    if (!chart || !this.#panel || !this.#drawing) return;
    const active = activeIdsIn(chart.root, step.value);
    const before = activeIdsIn(chart.root, this.#steps[this.#index - 1]?.value);
    const taken = takenIn(chart.root, step, before, active);
    const been = new Set(
      this.#steps.slice(0, this.#index + 1).flatMap(({ value }) => activeIdsIn(chart.root, value)),
    );
    this.#panel.show(this.#drawing, name);
    this.#panel.showWay({ active, been, taken });
    this.#panel.element.dataset.active = active.join(' ');
    this.#panel.element.dataset.taken = taken.join('|');
    const by = [...new Set(taken.map(eventWords))].join(', ');
    if (by !== '') this.#status.append(' ', h('span', { class: 'via' }, `by ${by}`));
    else if (step.event && step.refused && step.refused.length > 0)
      this.#status.append(
        ' ',
        h('span', { class: 'why' }, `${step.event.type} was refused: not ${step.refused.join(', not ')}`),
      );
    const next = step.status === 'active' ? possibleNext(this.#drawing, active) : [];
    this.#next.textContent = next.length > 0 ? `Next: ${next.join('; ')}` : 'Nothing can follow.';
    this.#next.title = this.#next.textContent;
  }
}

function stateIn({ status, value }: ShownStep): string {
  if (value === undefined) return status;
  return status === 'active' ? describeState(value as never) : `${describeState(value as never)} (${status})`;
}
