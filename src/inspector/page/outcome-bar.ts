/** The top of a workspace: the outcome, with findings, their evidence and remedies, and the participants. */
import type { PairingRecord } from '../../protocol/inspect/inspect-messages.ts';
import { diagnose } from '../records/diagnose-pairing.ts';
import type { Finding } from '../records/finding.ts';
import { outcomeOf } from '../records/outcome.ts';
import { nameOfRecord } from '../records/record-as-markdown.ts';
import type { Moment } from '../records/timeline.ts';
import { comparePanel } from './compare-panel.ts';
import { atNode, button, foreign, h, keepChildren } from './dom.ts';
import { exportButtons } from './exports.ts';

const words = {
  connected: 'Connected',
  failed: 'Failed',
  stuck: 'Stuck',
  left: 'Left',
  open: 'In progress',
} as const;

export class OutcomeBar {
  readonly element: HTMLElement;
  readonly #record: () => PairingRecord;
  readonly #choose: (evidence: readonly number[]) => void;
  readonly #badge = h('span', { class: 'badge' });
  readonly #who = h('p', { class: 'who' });
  readonly #findings = h('ul', { class: 'findings' });

  /** @param choose called with the lines that show a finding */
  constructor(record: () => PairingRecord, choose: (evidence: readonly number[]) => void) {
    this.#record = record;
    this.#choose = choose;
    this.element = h(
      'section',
      { class: 'outcome', 'data-pane': 'findings', 'aria-label': 'Outcome' },
      h(
        'div',
        { class: 'outcome-head' },
        this.#badge,
        h('h1', {}, this.name),
        this.#who,
        ...((record().header.kind ?? 'pairing') === 'pairing' ? [comparePanel(record, choose)] : []),
        exportButtons(record),
      ),
      this.#findings,
    );
  }

  get name(): string {
    const { header } = this.#record();
    return nameOfRecord(header);
  }

  get words(): string {
    return [this.#badge.textContent, this.name].filter(Boolean).join(' · ');
  }

  show(elsewhere: Moment['elsewhere']): void {
    const record = this.#record();
    const findings = diagnose(record);
    const { kind: of, started_at } = record.header;
    const isOfTwo = of !== 'link' && of !== 'session';
    const { kind } = isOfTwo ? outcomeOf(record, Date.now() - started_at) : { kind: 'open' as const };
    this.#badge.textContent = isOfTwo ? words[kind] : '';
    this.#badge.dataset.kind = kind;
    keepChildren(this.#who, whoIsIn(record.header, elsewhere));
    keepChildren(
      this.#findings,
      findings.map((finding) => this.#findingElement(finding)),
    );
  }

  #findingElement({ kind, text, evidence, remedy }: Finding): HTMLElement {
    return h(
      'li',
      { class: kind, 'data-key': text },
      evidence ? button(text, () => this.#choose(evidence)) : h('span', {}, text),
      remedy ? h('span', { class: 'remedy' }, remedy) : undefined,
    );
  }
}

function whoIsIn(header: PairingRecord['header'], elsewhere: Moment['elsewhere']): (Node | string)[] {
  const { kind, initiator_id, responder_id, game, room, dialect, started_at } = header;
  const since = `since ${new Date(started_at).toLocaleString()}`;
  if (kind === 'link')
    return [`of relay server ${responder_id}${initiator_id ? ` to host ${initiator_id}` : ''}, ${since}`];
  if (kind === 'session')
    return [
      foreign(header.initiator_known_as ?? initiator_id),
      ...(dialect === undefined ? [] : [` by ${dialect}`]),
      ` ${since}: at most the last 50 events since a page looks`,
    ];
  const whereIs = (side: 'initiator' | 'responder') =>
    elsewhere.has(side) ? [atNode(elsewhere.get(side))] : [];
  return [
    h('b', {}, 'A '),
    foreign(header.initiator_known_as ?? initiator_id),
    ...whereIs('initiator'),
    h('b', {}, ' B '),
    foreign(header.responder_known_as ?? responder_id),
    ...whereIs('responder'),
    ...(dialect === undefined ? [] : [` by ${dialect}`]),
    ...(game === undefined ? [] : [h('b', {}, ' in game '), foreign(game)]),
    ...(room === undefined ? [] : [h('b', {}, ' in room '), foreign(room)]),
    ` ${since}`,
  ];
}
