/** One record: every machine's chart at a moment of the record, what became of it, and the sequence diagram. */
import type { Lane, PairingRecord, RecordKind, RecordLine } from '../../protocol/inspect/inspect-messages.ts';
import { lanesIn, machineOfLane } from '../../protocol/inspect/inspect-messages.ts';
import { diagnose } from '../records/diagnose-pairing.ts';
import { describeEvent, SequenceBuilder, whyNot } from '../records/sequence-diagram.ts';
import { sequenceWords } from '../records/sequence-labels.ts';
import { describeNode, type Moment, momentAt } from '../records/timeline.ts';
import { ChartPanel, type Detail } from './chart-panel.ts';
import { atNode, foreign, h } from './dom.ts';
import { SequenceView } from './sequence-view.ts';

const pairingTitles: Readonly<Record<Lane, string>> = {
  peer_initiator: 'Client A, as it says itself',
  initiator: 'Session A',
  pairing: 'Pairing',
  responder: 'Session B',
  peer_responder: 'Client B, as it says itself',
  remote_initiator: 'Client A, of another node',
  remote_responder: 'Client B, of another node',
  link: 'Link',
};
const titlesOf: Readonly<Record<RecordKind, Readonly<Record<Lane, string>>>> = {
  pairing: pairingTitles,
  game: { ...pairingTitles, initiator: 'Player A', responder: 'Player B' },
  link: pairingTitles,
};
/** Told by the clients themselves. */
const peerLanes: readonly Lane[] = ['peer_initiator', 'peer_responder'];

type Elsewhere = Moment['elsewhere'];

export class RecordView {
  readonly element: HTMLElement;
  readonly #panels = new Map<Lane, ChartPanel>();
  readonly #header: PairingRecord['header'];
  readonly #lines: RecordLine[];
  readonly #who = h('p', { class: 'who' });
  readonly #findings = h('ul', { class: 'findings', role: 'status' });
  readonly #charts = h('div', { class: 'charts' });
  readonly #slider = h('input', {
    type: 'range',
    id: 'time',
    min: 0,
    step: 1,
    input: () => this.#travel(Number(this.#slider.value)),
  });
  readonly #when = h('output', { for: 'time' });
  readonly #follow = h('button', { type: 'button', class: 'follow', click: () => this.#goLive() }, 'Now');
  readonly #sequence: SequenceView;
  readonly #builder: SequenceBuilder;
  #detail: Detail;
  /** The line that is shown; undefined: always the newest. */
  #index: number | undefined;

  constructor(record: PairingRecord, detail: Detail) {
    this.#header = record.header;
    this.#lines = [...record.lines];
    this.#detail = detail;
    const { kind = 'pairing' } = record.header;
    const lanes = Object.keys(lanesIn(record.header)) as Lane[];
    this.#builder = new SequenceBuilder(record.header);
    this.#sequence = new SequenceView(sequenceWords[kind].lifelines, (index) => this.#travel(index));
    this.element = h(
      'div',
      { class: 'record-view' },
      h('h1', {}, `${kind === 'link' ? 'Link' : 'Pairing'} ${this.epoch}`),
      this.#who,
      this.#findings,
      h(
        'div',
        { class: 'time' },
        h('label', { for: 'time' }, 'Time'),
        this.#slider,
        this.#when,
        this.#follow,
      ),
      this.#charts,
      this.#sequence.element,
    );
    for (const lane of lanes)
      if (this.#lines.some((line) => 'of' in line && line.of === lane)) this.#addPanel(lane);
    for (const [i, line] of this.#lines.entries()) this.#sequence.add(this.#builder.add(line, i));
    this.#render();
  }

  get epoch(): number {
    return this.#header.epoch;
  }

  add(line: RecordLine): void {
    this.#lines.push(line);
    this.#sequence.add(this.#builder.add(line, this.#lines.length - 1));
    this.#render();
  }

  /** Scrolls to where the time is, which takes a view that is shown. */
  shown(): void {
    this.#render();
  }

  setDetail(detail: Detail): void {
    this.#detail = detail;
    for (const panel of this.#panels.values()) panel.setDetail(detail);
  }

  #addPanel(lane: Lane): void {
    const panel = new ChartPanel(
      machineOfLane(this.#header, lane),
      titlesOf[this.#header.kind ?? 'pairing'][lane],
      this.#detail,
    );
    panel.element.classList.toggle('told', peerLanes.includes(lane));
    this.#panels.set(lane, panel);
    this.#charts.append(panel.element);
  }

  #travel(index: number): void {
    this.#index = index;
    this.#render();
  }

  #goLive(): void {
    this.#index = undefined;
    this.#render();
  }

  #render(): void {
    const record = { header: this.#header, lines: this.#lines };
    const last = this.#lines.length - 1;
    const index = this.#index ?? last;
    this.#slider.max = String(Math.max(last, 0));
    this.#slider.value = String(index);
    this.#when.textContent = `${(this.#lines[index]?.t ?? 0).toFixed(1)} ms, line ${index + 1} of ${last + 1}`;
    this.#follow.setAttribute('aria-pressed', String(this.#index === undefined));
    this.#findings.replaceChildren(
      ...diagnose(record).map(({ kind, text }) => h('li', { class: kind }, text)),
    );
    const { states, elsewhere, step } = momentAt(record, index);
    this.#who.replaceChildren(...whoIsIn(this.#header, elsewhere));
    for (const lane of states.keys()) if (!this.#panels.has(lane)) this.#addPanel(lane);
    this.#nameSides(elsewhere);
    for (const [lane, panel] of this.#panels) {
      const isHere = step?.of === lane;
      const isIgnored = isHere && step.taken.length === 0 && step.event.type !== 'xstate.init';
      const note = isIgnored ? `ignored ${describeEvent(step)}: ${whyNot(step)}` : '';
      panel.show(states.get(lane), isHere ? step.taken : [], note);
      panel.element.classList.toggle('stepped', isHere);
    }
    this.#sequence.mark(index);
  }

  /** A client that goes from node to node is named with the one that it is at. */
  #nameSides(elsewhere: Elsewhere): void {
    const [a, server, b] = sequenceWords[this.#header.kind ?? 'pairing'].lifelines;
    const named = (name: string, side: 'initiator' | 'responder') =>
      elsewhere.has(side) ? `${name}, ${describeNode(elsewhere.get(side))}` : name;
    this.#sequence.setLifelines([named(a, 'initiator'), server, named(b, 'responder')]);
    for (const side of ['initiator', 'responder'] as const) {
      if (!elsewhere.has(side)) continue;
      const title = `Client ${side === 'initiator' ? 'A' : 'B'}, ${describeNode(elsewhere.get(side))}`;
      this.#panels.get(`remote_${side}`)?.setTitle(title);
    }
  }
}

function whoIsIn(
  { kind, initiator_id, responder_id, game, started_at }: PairingRecord['header'],
  elsewhere: Elsewhere,
): (Node | string)[] {
  const since = `since ${new Date(started_at).toLocaleString()}`;
  if (kind === 'link')
    return [`of relay server ${responder_id}${initiator_id ? ` to host ${initiator_id}` : ''}, ${since}`];
  const whereIs = (side: 'initiator' | 'responder') =>
    elsewhere.has(side) ? [atNode(elsewhere.get(side))] : [];
  return [
    h('b', {}, 'A '),
    foreign(initiator_id),
    ...whereIs('initiator'),
    h('b', {}, ' B '),
    foreign(responder_id),
    ...whereIs('responder'),
    ...(game === undefined ? [] : [h('b', {}, ' in game '), foreign(game)]),
    ` ${since}`,
  ];
}
