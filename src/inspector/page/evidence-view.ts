/** How the connection was established, as reported by both ends: candidate pairs by kind, states, and a waterfall. */
import type { Evidence, EvidencePair } from '../../protocol/inspect/evidence.ts';
import type { PairingRecord } from '../../protocol/inspect/inspect-messages.ts';
import { checksIn, evidenceAt } from '../records/evidence.ts';
import { timeOf } from '../records/time-words.ts';
import { begunIn } from '../records/timeline.ts';
import { waterfallOf } from '../records/waterfall.ts';
import { descriptionsTable } from './descriptions-table.ts';
import { h, keepChildren } from './dom.ts';
import { sparklines } from './sparklines.ts';

const sides = [
  ['initiator', 'A'],
  ['responder', 'B'],
] as const;
const kinds = ['host', 'srflx', 'prflx', 'relay'] as const;
const kindWords: Readonly<Record<(typeof kinds)[number], string>> = {
  host: 'own network',
  srflx: 'seen by STUN',
  prflx: 'seen by the peer',
  relay: 'through TURN',
};

/** How long the steps towards a connection usually take, by name, in milliseconds. */
export type Usual = Readonly<Record<string, number>>;

export class EvidenceView {
  readonly element = h('section', {
    class: 'panel evidence-view',
    'aria-label': 'Connection',
    // Focusable because it scrolls.
    tabindex: 0,
    hidden: true,
  });
  readonly card: HTMLButtonElement;
  readonly #state = h('span', { class: 'card-state' });
  readonly #usual: Usual;

  constructor(choose: () => void, usual: Usual) {
    this.#usual = usual;
    this.card = h(
      'button',
      { type: 'button', class: 'card', 'aria-pressed': 'false', click: choose },
      h('span', { class: 'card-title' }, 'Connection'),
      this.#state,
    );
  }

  /** Shows what was known at that line of the record. */
  show(record: PairingRecord, index: number): void {
    const lines = record.lines.slice(0, index + 1);
    const evidence = evidenceAt(record, index);
    const shown = { ...record, lines };
    const waterfall = waterfallOf(shown);
    // They came before the record.
    const wasConnected = begunIn(record) === 'connected';
    const checks = [...evidence.values()].map(checksIn);
    const [sent, answered] = [sum(checks.map((each) => each.sent)), sum(checks.map((each) => each.answered))];
    this.#state.textContent =
      evidence.size === 0
        ? 'nothing told'
        : sent === 0 && wasConnected
          ? 'connected before'
          : `${answered} of ${sent} checks answered`;
    this.card.dataset.tone =
      evidence.size === 0 ? 'plain' : answered > 0 ? 'good' : sent > 0 ? 'lost' : 'plain';
    keepChildren(this.element, [
      h('h2', {}, 'Connection'),
      ...(evidence.size === 0
        ? [
            h(
              'p',
              {},
              'Neither client told how its connection came up. Clients of pairlane do so by themselves.',
            ),
          ]
        : [statesTable(evidence), ...matrix(evidence)]),
      ...[sparklines(shown), descriptionsTable(shown)].filter((table) => table !== undefined),
      ...(wasConnected ? [] : [h('h3', {}, 'Steps on the way'), waterfallList(waterfall, this.#usual)]),
    ]);
  }
}

type Known = ReadonlyMap<'initiator' | 'responder', Evidence>;

function statesTable(evidence: Known): HTMLElement {
  const row = ([side, name]: (typeof sides)[number]) => {
    const { ice, dtls, sctp, errors = [] } = evidence.get(side) ?? {};
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      ...[ice, dtls, sctp, errors.join(', ')].map((text) => h('td', {}, text || '–')),
    );
  };
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['Client', 'ICE', 'DTLS', 'SCTP', 'Errors'].map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    h('tbody', {}, ...sides.map(row)),
  );
}

/** A's kinds by B's, with what each side reports about its own checks. */
function matrix(evidence: Known): HTMLElement[] {
  // Clients that were connected before anybody looked may have told only how it goes now.
  if (![...evidence.values()].some(({ pairs }) => pairs)) return [];
  const pairsOf = (a: string, b: string) =>
    sides.flatMap(([side, name]) => {
      const [local, remote] = side === 'initiator' ? [a, b] : [b, a];
      const found = (evidence.get(side)?.pairs ?? []).filter(
        (pair) => pair.local === local && pair.remote === remote,
      );
      return found.map((pair) => ({ name, pair }));
    });
  const isThere = (kind: string, isOfA: boolean) =>
    kinds.some((other) => pairsOf(isOfA ? kind : other, isOfA ? other : kind).length > 0);
  const [rows, columns] = [
    kinds.filter((kind) => isThere(kind, true)),
    kinds.filter((kind) => isThere(kind, false)),
  ];
  if (rows.length === 0)
    return [h('p', {}, 'No candidate pair was made: at least one of the two has no candidates.')];
  const table = h(
    'table',
    { class: 'matrix' },
    h('caption', {}, 'Candidate pairs: checks answered of those sent'),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('td', {}),
        ...columns.map((kind) => h('th', { scope: 'col', title: kindWords[kind] }, `B ${kind}`)),
      ),
    ),
    h(
      'tbody',
      {},
      ...rows.map((a) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row', title: kindWords[a] }, `A ${a}`),
          ...columns.map((b) =>
            h('td', {}, ...pairsOf(a, b).map(({ name, pair }) => pairElement(name, pair))),
          ),
        ),
      ),
    ),
  );
  return [table];
}

function pairElement(name: string, pair: EvidencePair): HTMLElement {
  const { state, sent, answered, selected, protocol, rtt_ms } = pair;
  const rtt = rtt_ms === undefined ? '' : `, ${rtt_ms} ms`;
  const facts = `${name}: ${answered} of ${sent}${protocol === 'tcp' ? ' by TCP' : ''}${rtt}`;
  const tone = answered > 0 ? 'good' : state === 'failed' || sent > 0 ? 'lost' : 'plain';
  return h('span', { class: `pair ${tone}`, title: state }, selected ? `${facts}, selected` : facts);
}

function waterfallList(waterfall: ReturnType<typeof waterfallOf>, usual: Usual): HTMLElement {
  const medianOf = (name: string) => (Object.hasOwn(usual, name) ? usual[name] : undefined);
  const end = Math.max(1, ...waterfall.map(({ name, t = 0 }) => Math.max(t, medianOf(name) ?? 0)));
  return h(
    'ol',
    { class: 'waterfall' },
    ...waterfall.map(({ name, t }) => {
      const bar = h('span', { class: 'step-bar', 'aria-hidden': 'true' });
      bar.style.width = `${((t ?? 0) / end) * 100}%`;
      const median = medianOf(name);
      const mark = h('span', { class: 'usual-mark', 'aria-hidden': 'true', hidden: median === undefined });
      mark.style.left = `${((median ?? 0) / end) * 100}%`;
      const time = t === undefined ? 'not reached' : timeOf(t);
      return h(
        'li',
        { class: t === undefined ? 'missing' : '' },
        h('span', {}, name),
        h('span', { class: 'step-track' }, bar, mark),
        h('span', { class: 'step-time' }, time),
        h('span', { class: 'step-usual' }, median === undefined ? '' : `usually ${timeOf(median)}`),
      );
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
