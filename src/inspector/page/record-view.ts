/** The workspace of one record: outcome, timeline, sequence, one live chart, all following one cursor. */
import {
  isStep,
  type Lane,
  lanesIn,
  machineOfLane,
  type PairingRecord,
  type RecordLine,
} from '../../protocol/inspect/inspect-messages.ts';
import { isRefusal } from '../records/lane-spans.ts';
import { describeEvent, SequenceBuilder, whyNot } from '../records/sequence-diagram.ts';
import { sequenceWordsOf } from '../records/sequence-labels.ts';
import { describeNode, type Moment, momentAt } from '../records/timeline.ts';
import type { Detail } from './chart-panel.ts';
import { h } from './dom.ts';
import { EvidenceView, type Usual } from './evidence-view.ts';
import { LaneCards } from './lane-cards.ts';
import { laneOrder, titleOf } from './lane-titles.ts';
import { LivingChart } from './living-chart.ts';
import { OutcomeBar } from './outcome-bar.ts';
import { pathNow, rememberInUrl } from './place.ts';
import { Playback } from './playback.ts';
import { SequenceView } from './sequence-view.ts';
import { tabs } from './tabs.ts';
import { TimeControls } from './time-controls.ts';
import { TimelineView } from './timeline-view.ts';

/** The lane that is shown first. */
const ownLanes = { pairing: 'pairing', link: 'link', session: 'initiator' } as const;

/** Used in the URL in place of a chart's name. */
const CONNECTION = 'connection';

export class RecordView {
  readonly element: HTMLElement;
  readonly #header: PairingRecord['header'];
  readonly #lines: RecordLine[];
  readonly #outcome: OutcomeBar;
  readonly #timeline = new TimelineView((index) => this.#travel(index));
  readonly #controls: TimeControls;
  readonly #sequence: SequenceView;
  readonly #builder: SequenceBuilder;
  readonly #cards = new LaneCards((lane) => this.#choose(lane));
  readonly #chart: LivingChart;
  readonly #evidence: EvidenceView;
  readonly #playback: Playback;
  /** Where the record is in the address, when it was last told to play. */
  #playedAt: string | undefined;
  #lane: Lane;
  /** The line that is shown; undefined follows the newest. */
  #index: number | undefined;

  /**
   * @param params of the URL: the line and the chart
   * @param usual how long the steps towards a connection usually take on the server
   */
  constructor(record: PairingRecord, detail: Detail, params: URLSearchParams, usual: Usual = {}) {
    this.#header = record.header;
    this.#lines = [...record.lines];
    const { kind = 'pairing' } = record.header;
    const asked = Number(params.get('line') ?? Number.NaN);
    if (Number.isInteger(asked) && asked > 0 && asked <= this.#lines.length) this.#index = asked - 1;
    const own = ownLanes[kind];
    const chart = params.get('chart') as Lane;
    this.#lane = Object.hasOwn(lanesIn(record.header), chart) ? chart : own;
    this.#chart = new LivingChart(detail);
    this.#evidence = new EvidenceView(() => this.#chooseEvidence(), usual);
    this.#builder = new SequenceBuilder(record.header);
    this.#sequence = new SequenceView(sequenceWordsOf(record.header).lifelines, (index) =>
      this.#travel(index),
    );
    this.#outcome = new OutcomeBar(
      () => ({ header: this.#header, lines: this.#lines }),
      (evidence) => this.#showEvidence(evidence),
    );
    this.#playback = new Playback({
      nextTime: () => {
        const [now, next] = [this.#lines[this.#at], this.#lines[this.#at + 1]];
        return now && next ? { now: now.t, next: next.t } : undefined;
      },
      step: () => {
        // The address has changed already; that another view takes our place is told a moment later.
        if (pathNow() === this.#playedAt) this.#travel(this.#at + 1);
      },
      changed: (isPlaying) => this.#controls.showPlaying(isPlaying),
    });
    this.#controls = new TimeControls({
      travel: (index) => this.#travel(index),
      live: () => this.#goLive(),
      play: () => this.#play(),
      jump: (by) => this.#jump(by, isProblem),
      step: (by) => this.#jump(by, (line) => isChange(line)),
    });
    this.#controls.element.append(this.#timeline.whole);
    this.element = h(
      'div',
      { class: 'record-view', 'data-tab': 'findings' },
      this.#outcome.element,
      h(
        'div',
        { class: 'time-area', 'data-pane': 'timeline' },
        this.#controls.element,
        this.#timeline.element,
      ),
      h('div', { class: 'sequence-area', 'data-pane': 'sequence' }, this.#sequence.element),
      h(
        'div',
        { class: 'chart-area', 'data-pane': 'chart' },
        this.#cards.element,
        this.#chart.element,
        this.#evidence.element,
      ),
    );
    this.element.prepend(
      // For the tabs of a narrow screen that do not show the outcome.
      h('h1', { class: 'hidden title-of-tab' }, this.#outcome.name),
      tabs(this.element, {
        findings: 'Findings',
        timeline: 'Timeline',
        sequence: 'Sequence',
        chart: 'Chart',
      }),
    );
    for (const [i, line] of this.#lines.entries()) this.#sequence.add(this.#builder.add(line, i));
    this.#choose(this.#lane);
    if (kind === 'pairing') this.#cards.element.append(this.#evidence.card);
    if (params.get('chart') === CONNECTION) this.#chooseEvidence();
  }

  get epoch(): number {
    return this.#header.epoch;
  }

  /** Used in the window's title. */
  get outcome(): string {
    return this.#outcome.words;
  }

  add(line: RecordLine): void {
    this.#lines.push(line);
    this.#sequence.add(this.#builder.add(line, this.#lines.length - 1));
    this.#render();
  }

  /** Scrolls to the cursor, which works only once the view is attached. */
  shown(): void {
    this.#render();
  }

  /** Another view takes its place: it must no longer play, which writes into the URL. */
  close(): void {
    this.#playback.stop();
  }

  setDetail(detail: Detail): void {
    this.#chart.setDetail(detail);
  }

  /** @returns whether the key was handled */
  key({ key, shiftKey }: KeyboardEvent): boolean {
    const message = (line: RecordLine) => isStep(line) && line.message !== undefined;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#jump(-1, shiftKey ? message : isChange),
      ArrowRight: () => this.#jump(1, shiftKey ? message : isChange),
      ' ': () => this.#play(),
      l: () => this.#goLive(),
      n: () => this.#jump(1, isProblem),
      p: () => this.#jump(-1, isProblem),
    };
    if (!Object.hasOwn(actions, key)) return false;
    actions[key]?.();
    return true;
  }

  get #at(): number {
    return this.#index ?? this.#lines.length - 1;
  }

  #travel(index: number): void {
    this.#index = Math.min(Math.max(index, 0), this.#lines.length - 1);
    rememberInUrl({ line: String(this.#index + 1) });
    this.#render();
  }

  #goLive(): void {
    this.#playback.stop();
    this.#index = undefined;
    rememberInUrl({ line: '' });
    this.#render();
  }

  #play(): void {
    this.#playedAt = pathNow();
    if (!this.#playback.isPlaying && this.#at === this.#lines.length - 1) this.#travel(0);
    this.#playback.toggle();
  }

  #jump(by: 1 | -1, isIt: (line: RecordLine) => boolean): void {
    for (let i = this.#at + by; i >= 0 && i < this.#lines.length; i += by) {
      if (isIt(this.#lines[i] as RecordLine)) {
        this.#travel(i);
        return;
      }
    }
  }

  #showEvidence(evidence: readonly number[]): void {
    this.#sequence.ring(evidence);
    const [first] = evidence;
    const line = first === undefined ? undefined : this.#lines[first];
    if (first === undefined || !line) return;
    if ('of' in line) this.#choose(line.of);
    this.#travel(first);
  }

  #chooseEvidence(): void {
    this.#showsEvidence(true);
    rememberInUrl({ chart: CONNECTION });
  }

  #showsEvidence(isShown: boolean): void {
    this.#evidence.element.hidden = !isShown;
    this.#chart.element.hidden = isShown;
    this.#evidence.card.setAttribute('aria-pressed', String(isShown));
    if (isShown) this.#cards.press(undefined);
  }

  #choose(lane: Lane): void {
    this.#showsEvidence(false);
    this.#lane = lane;
    this.#cards.press(lane);
    rememberInUrl({ chart: lane === ownLanes[this.#header.kind ?? 'pairing'] ? '' : lane });
    this.#render();
  }

  #render(): void {
    const record = { header: this.#header, lines: this.#lines };
    const index = this.#at;
    const moment = momentAt(record, index);
    const { states, elsewhere, step } = moment;
    this.#controls.show(index, this.#lines, this.#index === undefined);
    this.#outcome.show(elsewhere);
    const titles = this.#titles(elsewhere);
    this.#timeline.show(record, titles);
    this.#timeline.mark(index);
    for (const [lane, title] of titles) {
      this.#cards.name(lane, title);
      this.#cards.show(lane, machineOfLane(this.#header, lane), states.get(lane), step?.of === lane);
    }
    if (this.#evidence.element.hidden) this.#cards.press(this.#lane);
    this.#evidence.show(record, index);
    this.#nameSides(elsewhere);
    const isHere = step?.of === this.#lane;
    const isIgnored = isHere && step.taken.length === 0 && step.event.type !== 'xstate.init';
    this.#chart.show(
      { record, index, lane: this.#lane, title: titles.get(this.#lane) ?? titleOf(this.#header, this.#lane) },
      states.get(this.#lane),
      isIgnored ? `ignored ${describeEvent(step)}: ${whyNot(step)}` : '',
    );
    this.#sequence.mark(index);
  }

  /** The titles of the record's lanes, in order. */
  #titles(elsewhere: Moment['elsewhere']): ReadonlyMap<Lane, string> {
    const present = new Set(this.#lines.flatMap((line) => ('of' in line ? [line.of] : [])));
    return new Map(
      laneOrder
        .filter((lane) => present.has(lane))
        .map((lane) => {
          const side = lane === 'remote_initiator' ? 'initiator' : 'responder';
          const isRemote = lane.startsWith('remote_') && elsewhere.has(side);
          const name = `Client ${side === 'initiator' ? 'A' : 'B'}, ${describeNode(elsewhere.get(side))}`;
          return [lane, isRemote ? name : titleOf(this.#header, lane)];
        }),
    );
  }

  /** A client that moves between nodes is named together with its present node. */
  #nameSides(elsewhere: Moment['elsewhere']): void {
    const [a, server, b] = sequenceWordsOf(this.#header).lifelines;
    const named = (name: string, side: 'initiator' | 'responder') =>
      elsewhere.has(side) ? `${name}, ${describeNode(elsewhere.get(side))}` : name;
    this.#sequence.setLifelines([named(a, 'initiator'), server, named(b, 'responder')]);
  }
}

function isProblem(line: RecordLine): boolean {
  if (!isStep(line)) return false;
  return isRefusal(line) || line.effects.some(({ type }) => type === 'announceFailure');
}

/** Any step but heartbeats. */
function isChange(line: RecordLine): boolean {
  return (
    isStep(line) && line.event.type !== 'HEARD' && !line.event.type.startsWith('xstate.after.pingInterval')
  );
}
