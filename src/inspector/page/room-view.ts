/** One room: its members and edges as a picture, and the edges once more as a table, with reasons and times. */
import type { RoomView as Room, RoomEdgeFacts, RoomMemberFacts } from '../../protocol/inspect/views.ts';
import { describeNode } from '../records/timeline.ts';
import { clockTime } from './clock-time.ts';
import { button, foreign, h, keepChildren } from './dom.ts';
import { againWords, badge, countsOf, countWords, kindOf, reasonWords } from './edge-words.ts';
import { plural } from './graph-drawing.ts';
import { type GraphNode, GraphPicture } from './graph-picture.ts';
import { KeptChildren } from './kept-children.ts';

const titles = ['Edge', 'From (A)', 'To (B)', 'Reason', 'Since', 'Tried again', ''];

export class RoomView {
  readonly element: HTMLElement;
  readonly #title = h('h1');
  readonly #summary = h('p', { class: 'who' });
  readonly #legend = h('p', { class: 'legend' });
  readonly #picture = new GraphPicture('Members and edges', () => this.#showEdges());
  readonly #note = h('p', { class: 'who', role: 'status' });
  readonly #rows = h('tbody');
  readonly #keptRows = new KeptChildren<RoomEdgeFacts>(this.#rows, keyOf, (edge) => edge, rowOf);
  readonly #table = h(
    'div',
    { class: 'table', tabindex: 0, role: 'group', 'aria-label': 'Edges' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h('tr', {}, ...titles.map((title) => (title ? h('th', { scope: 'col' }, title) : h('td')))),
      ),
      this.#rows,
    ),
  );
  /** This server's node, which is not named. */
  here: number | undefined;
  #room: Room | undefined;

  constructor() {
    this.element = h(
      'section',
      { class: 'network', 'aria-label': 'Room' },
      h('p', { class: 'who' }, h('a', { href: '#/rooms' }, 'All rooms')),
      h('div', { class: 'network-head' }, h('div', {}, this.#title, this.#summary), this.#legend),
      this.#picture.element,
      this.#note,
      this.#table,
    );
  }

  /** What the page's title says. */
  get outcome(): string {
    if (!this.#room) return 'Room';
    const { name, edges } = this.#room;
    return [`Room ${name}`, countsOf(edges).map(countWords)[0]].filter(Boolean).join(': ');
  }

  /** Another room is asked for. */
  expect(app: string, name: string): void {
    if (this.#room?.app === app && this.#room.name === name) return;
    this.#room = undefined;
    this.#picture.show({ nodes: [], edges: [], middle: undefined });
    this.#clear(name, 'Asking the server …');
  }

  gone(name: string): void {
    this.#room = undefined;
    this.#clear(name, 'There is no such room, or no longer.');
  }

  show(room: Room): void {
    this.#room = room;
    const { app, name, topology, state, since, members, leader_id, edges, shown_members } = room;
    keepChildren(this.#title, ['Room ', foreign(name), ...(app === '' ? [] : [' of app ', foreign(app)])]);
    keepChildren(this.#summary, [
      `${topology}, ${state}, since ${clockTime(since)}, ${plural(members, 'member')}`,
      ...(leader_id === undefined ? [', no leader'] : [', leader ', memberName(leader_id)]),
      edges.unknown > 0
        ? `. ${plural(edges.unknown, 'edge')} between clients of other nodes: only those nodes know them.`
        : '.',
    ]);
    keepChildren(
      this.#legend,
      edges.wanted === 0
        ? [topology === 'none' ? 'This room pairs nobody by itself.' : 'There is nobody to pair.']
        : countsOf(edges).flatMap((count) => [h('span', { class: `line ${count[0]}` }), countWords(count)]),
    );
    this.#picture.element.hidden = members === 0;
    this.#table.hidden = edges.wanted === 0;
    this.#picture.show({
      middle: topology === 'star' ? leader_id : undefined,
      nodes: shown_members.map((member) => this.#nodeOf(member, leader_id)),
      edges: room.shown_edges.map((edge) => ({
        from: edge.initiator_id,
        to: edge.responder_id,
        kind: kindOf(edge),
        label: kindOf(edge) === 'lost' ? (edge.reason ?? 'missing') : '',
        title: describeEdge(edge),
        href: hrefOf(edge),
      })),
    });
    this.#showEdges();
  }

  #clear(name: string, note: string): void {
    keepChildren(this.#title, ['Room ', foreign(name)]);
    for (const part of [this.#summary, this.#legend]) part.replaceChildren();
    this.#keptRows.show([]);
    keepChildren(this.#note, [note]);
    this.#picture.element.hidden = true;
    this.#table.hidden = true;
  }

  #nodeOf({ id, node, is_away }: RoomMemberFacts, leaderId: string | undefined): GraphNode {
    const about = [
      id === leaderId && 'leader',
      is_away && 'away',
      node !== undefined && node !== this.here && describeNode(node),
    ];
    return {
      id,
      name: shortId(id),
      about: about.filter(Boolean).join(', '),
      class: id === leaderId ? 'own' : is_away ? 'away' : '',
    };
  }

  #showEdges(): void {
    const room = this.#room;
    if (!room) return;
    const { chosen } = this.#picture;
    const { edges, shown_edges, shown_members, members } = room;
    const shown = shown_edges.filter(
      ({ initiator_id, responder_id }) =>
        chosen === undefined || chosen === initiator_id || chosen === responder_id,
    );
    const known = edges.wanted - edges.unknown;
    const notes = [
      known > shown_edges.length &&
        `${shown_edges.length} of ${known.toLocaleString('en')} edges are shown, missing ones first.`,
      members > shown_members.length &&
        `${shown_members.length} of ${members.toLocaleString('en')} members are shown.`,
    ].filter(Boolean);
    keepChildren(this.#note, [
      ...(notes.length > 0 ? [notes.join(' '), ' '] : []),
      ...(chosen === undefined
        ? ['Choose a member to see its edges only, an edge to see its pairing.']
        : [
            'Edges of ',
            h('a', { href: `#/session/${encodeURIComponent(chosen)}` }, memberName(chosen)),
            ' ',
            button('All edges', () => this.#showAll()),
          ]),
    ]);
    this.#keptRows.show(shown);
  }

  #showAll(): void {
    this.#picture.chosen = undefined;
    if (this.#room) this.show(this.#room);
    this.#picture.element.focus();
  }
}

function rowOf(edge: RoomEdgeFacts): HTMLElement {
  const { initiator_id, responder_id, reason = '', since, epoch } = edge;
  const href = hrefOf(edge);
  const cells = [
    badge(kindOf(edge)),
    memberName(initiator_id),
    memberName(responder_id),
    h('span', { class: 'reason' }, reason, h('span', { class: 'remedy' }, reasonWords(edge))),
    clockTime(since),
    againWords(edge),
    href === undefined ? '' : h('a', { href, 'aria-label': `see pairing ${epoch}` }, 'see'),
  ];
  return h('tr', { 'data-key': keyOf(edge) }, ...cells.map((cell) => h('td', {}, cell)));
}

function keyOf({ initiator_id, responder_id }: RoomEdgeFacts): string {
  return `${initiator_id} ${responder_id}`;
}

function hrefOf({ epoch }: RoomEdgeFacts): string | undefined {
  return epoch === undefined ? undefined : `#/pairing/${epoch}`;
}

function describeEdge(edge: RoomEdgeFacts): string {
  const { initiator_id, responder_id, state, reason } = edge;
  const why = reason === undefined ? '' : `: ${reason}. ${reasonWords(edge)}`;
  return `${shortId(initiator_id)} – ${shortId(responder_id)}: ${state}${why}`;
}

function memberName(id: string): HTMLElement {
  return h('bdi', { class: 'id', title: id }, shortId(id));
}

/** Ids that a server gives begin with its node's number, and so are alike: their end tells them apart. */
function shortId(id: string): string {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? `…${id.slice(-8)}` : id.slice(id.indexOf('/') + 1);
}
