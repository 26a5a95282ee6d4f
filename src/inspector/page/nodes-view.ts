/** The nodes that a server knows: its own, or those of its workers, their links, and what moved over them. */
import type { NodeEventFacts, NodeEventKind, NodeLinkFacts, NodeView } from '../../protocol/inspect/views.ts';
import { clockTime } from './clock-time.ts';
import { foreign, h, keepChildren } from './dom.ts';
import { badge } from './edge-words.ts';
import { plural } from './graph-drawing.ts';
import { type EdgeKind, type GraphNode, GraphPicture } from './graph-picture.ts';

const titles = ['Link', 'From', 'To', 'Pairings over it', 'Sessions that moved there', 'Since'];

const eventWords: Readonly<Record<NodeEventKind, string>> = {
  opened: 'was linked',
  lost: 'was lost',
  came: 'gave a session to',
  went: 'was given a session by',
  not_found: 'had no session for a client that came to',
};

interface Seen {
  readonly by: number;
  readonly link: NodeLinkFacts;
}
interface Event extends NodeEventFacts {
  readonly by: number;
}

export class NodesView {
  readonly element: HTMLElement;
  readonly #summary = h('p', { class: 'who' });
  readonly #picture = new GraphPicture('Nodes and links', () => this.#draw());
  readonly #rows = h('tbody');
  readonly #events = h('ol', { class: 'statuses', tabindex: 0, 'aria-label': 'What happened' });
  #nodes: readonly NodeView[] = [];
  /** The events that were there before; undefined before the first message. */
  #known: ReadonlySet<string> | undefined;

  constructor() {
    const legend = (kind: EdgeKind, text: string) => [h('span', { class: `line ${kind}` }), text];
    this.element = h(
      'section',
      { class: 'network', 'aria-label': 'Nodes' },
      h(
        'div',
        { class: 'network-head' },
        h('div', {}, h('h1', {}, 'Nodes'), this.#summary),
        h(
          'p',
          { class: 'legend' },
          ...legend('good', 'open'),
          ...legend('waiting', 'greeting, or the bus is away'),
          ...legend('lost', 'lost'),
        ),
      ),
      this.#picture.element,
      h(
        'div',
        { class: 'table', tabindex: 0, role: 'group', 'aria-label': 'Links' },
        h(
          'table',
          {},
          h('thead', {}, h('tr', {}, ...titles.map((title) => h('th', { scope: 'col' }, title)))),
          this.#rows,
        ),
      ),
      h('h2', {}, 'What happened'),
      this.#events,
    );
  }

  show(nodes: readonly NodeView[]): void {
    this.#nodes = nodes;
    this.#draw();
    const events = nodes.flatMap(({ node, events }) =>
      events.map((event): Event => ({ ...event, by: node })),
    );
    events.sort((one, other) => other.at - one.at);
    keepChildren(
      this.#events,
      events.length > 0
        ? events.map(eventRow)
        : [h('li', { class: 'none' }, 'Nothing yet: no other node was met, and no client changed its node.')],
    );
    const keys = new Set(events.map(keyOf));
    for (const event of this.#known ? events : []) if (!this.#known?.has(keyOf(event))) this.#travel(event);
    this.#known = keys;
  }

  /** A session moves along the link, once, though both of its nodes may be seen here. */
  #travel({ kind, by, node }: Event): void {
    const isSeenThere = this.#nodes.some((view) => view.node === node);
    if (kind === 'went') this.#picture.travel(String(by), String(node));
    else if (kind === 'came' && !isSeenThere) this.#picture.travel(String(node), String(by));
  }

  #draw(): void {
    const [first] = this.#nodes;
    if (!first) {
      this.#summary.textContent = 'This server runs alone.';
      return;
    }
    const own = new Set(this.#nodes.map(({ node }) => node));
    const seen = this.#nodes.flatMap(({ node, links }) => links.map((link): Seen => ({ by: node, link })));
    const others = [...new Set([...seen.map(({ link }) => link.node), ...this.#lostNodes()])].filter(
      (node) => !own.has(node),
    );
    const hidden = this.#nodes.reduce((sum, view) => sum + view.hidden, 0);
    this.#summary.textContent = [
      own.size > 1 ? `${own.size} workers` : `Node ${first.node}`,
      `, ${plural(
        this.#nodes.reduce((sum, { sessions }) => sum + sessions, 0),
        'session',
      )}`,
      `, ${plural(others.length, 'other node')}`,
      this.#nodes.every(({ is_bus_up }) => is_bus_up) ? '' : '. The bus between the nodes is away',
      hidden > 0 ? `. ${plural(hidden, 'link')} more are not drawn` : '',
      others.length > 0 ? '. Of another node, only the link to it is known here.' : '.',
    ].join('');
    this.#picture.show({
      middle: own.size === 1 ? String(first.node) : undefined,
      nodes: [
        ...this.#nodes.map(
          ({ node, sessions }): GraphNode => ({
            id: String(node),
            name: `node ${node}`,
            about: plural(sessions, 'session'),
            class: 'own',
          }),
        ),
        ...others.map(
          (node): GraphNode => ({
            id: String(node),
            name: `node ${node}`,
            about: seen.some(({ link }) => link.node === node) ? '' : 'lost',
            class: seen.some(({ link }) => link.node === node) ? '' : 'away',
          }),
        ),
      ],
      edges: [...linesOf(seen), ...this.#lostLines(seen)],
    });
    const { chosen } = this.#picture;
    const fits = ({ by, link }: Seen) =>
      chosen === undefined || chosen === String(by) || chosen === String(link.node);
    keepChildren(this.#rows, seen.filter(fits).map(rowOf));
  }

  /** The nodes of which the newest is that they were lost. */
  #lostNodes(): number[] {
    return this.#nodes.flatMap(({ events }) => lostIn(events));
  }

  #lostLines(seen: readonly Seen[]) {
    return this.#nodes.flatMap(({ node: by, events }) =>
      lostIn(events)
        .filter((node) => !seen.some(({ link }) => link.node === node))
        .map((node) => ({
          from: String(by),
          to: String(node),
          kind: 'lost' as const,
          label: 'lost',
          title: `node ${node} is lost`,
          href: undefined,
        })),
    );
  }
}

function lostIn(events: readonly NodeEventFacts[]): number[] {
  const newest = new Map(
    events.filter(({ kind }) => kind === 'opened' || kind === 'lost').map(({ node, kind }) => [node, kind]),
  );
  return [...newest].filter(([, kind]) => kind === 'lost').map(([node]) => node);
}

/** One line for the two of a link that both see it: as the one that sees it worse. */
function linesOf(seen: readonly Seen[]) {
  const lines = new Map<string, Seen>();
  for (const one of seen) {
    const key = [one.by, one.link.node].sort((a, b) => a - b).join(' ');
    const known = lines.get(key);
    if (!known || known.link.state === 'open') lines.set(key, one);
  }
  return [...lines.values()].map(({ by, link }) => ({
    from: String(by),
    to: String(link.node),
    kind: kindOf(link),
    label: link.state === 'open' ? plural(link.pairings, 'pairing') : link.state,
    title: `node ${by} – node ${link.node}: ${link.state}`,
    href: undefined,
  }));
}

function kindOf({ state }: NodeLinkFacts): EdgeKind {
  return state === 'open' ? 'good' : state === 'lost' ? 'lost' : 'waiting';
}

function rowOf({ by, link }: Seen): HTMLElement {
  const { node, state, pairings, sessions, since } = link;
  const cells = [
    badge(kindOf(link), state),
    `node ${by}`,
    `node ${node}`,
    pairings.toLocaleString('en'),
    sessions.toLocaleString('en'),
    clockTime(since),
  ];
  return h('tr', { 'data-key': `${by} ${node}` }, ...cells.map((cell) => h('td', {}, cell)));
}

function keyOf({ at, by, kind, node, id = '' }: Event): string {
  return `${by} ${at} ${kind} ${node} ${id}`;
}

function eventRow(event: Event): HTMLElement {
  const { at, by, kind, node, id } = event;
  const isLink = kind === 'opened' || kind === 'lost';
  return h(
    'li',
    { 'data-key': keyOf(event) },
    h('time', {}, clockTime(at)),
    isLink
      ? ` node ${by}: node ${node} ${eventWords[kind]}`
      : ` node ${node} ${eventWords[kind]} node ${by}: `,
    ...(id === undefined ? [] : [h('a', { href: `#/session/${encodeURIComponent(id)}` }, foreign(id))]),
  );
}
