/** Offer and answer side by side, with mismatches marked. */
import type { PairingRecord } from '../../protocol/inspect/inspect-messages.ts';
import { descriptionsIn } from '../records/sdp-comparison.ts';
import { h } from './dom.ts';

const nameOf = { initiator: 'A', responder: 'B' } as const;

/** @returns undefined before there is an offer */
export function descriptionsTable(record: PairingRecord): HTMLElement | undefined {
  const compared = descriptionsIn(record);
  if (!compared) return undefined;
  const { offer, answer, terms } = compared;
  const answerer = nameOf[offer.side === 'initiator' ? 'responder' : 'initiator'];
  return h(
    'table',
    { class: 'descriptions' },
    h('caption', {}, 'What offer and answer have to agree on'),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('td', {}),
        h('th', { scope: 'col' }, `Offer of ${nameOf[offer.side]}`),
        h('th', { scope: 'col' }, answer ? `Answer of ${nameOf[answer.side]}` : `${answerer}: no answer yet`),
      ),
    ),
    h(
      'tbody',
      {},
      ...terms.map(({ name, values, conflict }) =>
        h(
          'tr',
          { class: conflict ? 'conflict' : '' },
          h('th', { scope: 'row' }, name),
          h('td', {}, values[0] || '–'),
          h('td', {}, values[1] || '–', conflict ? h('span', { class: 'why-not' }, conflict) : undefined),
        ),
      ),
    ),
  );
}
