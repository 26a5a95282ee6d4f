/**
 * A relay server's network as it knows it: a picture of the tree, details of the selected host, and the server's status
 * log.
 */
import type {
  LinkTraffic,
  Network,
  NetworkEvent,
  NetworkHost,
} from '../../protocol/inspect/inspect-messages.ts';
import { clockTime } from './clock-time.ts';
import { foreign, h, keepChildren, svg } from './dom.ts';
import { cut, nodeButton, plural } from './graph-drawing.ts';
import {
  FRAME_TITLE_HEIGHT,
  layOutNetwork,
  type NetworkFrame,
  type NetworkLayout,
  type NetworkNode,
  type NetworkWay,
} from './network-layout.ts';

const ZOOM_STEP = 1.25;
const MIN_ZOOM = 0.15;
const MAX_ZOOM = 3;
/** The room at the end of a line for what goes over it. */
const TRAFFIC_WIDTH = 76;
/** About as many characters as fit into a node; anything wider is cut off at its edge. */
const NODE_CHARS = { server: 21, client: 16 } as const;
const ABOUT_CHARS = 26;

/** The selected host, and what is on the way to it; undefined for this server. */
type Lit = ReadonlySet<NetworkHost | NetworkFrame | undefined>;

export class NetworkView {
  readonly element: HTMLElement;
  readonly #title = h('h1');
  readonly #summary = h('p', { class: 'who' });
  readonly #drawing = h('div', { class: 'drawing tree', tabindex: 0, role: 'group', 'aria-label': 'Tree' });
  readonly #chosenFacts = h('div', { role: 'status' });
  /** Not read aloud, as it changes every second. */
  readonly #chosenTraffic = h('p');
  readonly #events = h('ol', { class: 'statuses', tabindex: 0, 'aria-label': 'Events' });
  readonly #statuses = h('ol', { class: 'statuses' });
  /** By the host at the link's other end. */
  #traffic: ReadonlyMap<number, LinkTraffic> = new Map();
  #ways: readonly NetworkWay[] = [];
  /** The hosts of the first drawing that have been there since: all others are new. */
  #first: ReadonlySet<number> | undefined;
  #network: Network | undefined;
  #chosen: number | undefined;
  #zoom = 1;

  constructor() {
    const button = (text: string, label: string, click: () => void) =>
      h('button', { type: 'button', 'aria-label': label, title: label, click }, text);
    this.element = h(
      'section',
      { class: 'network', 'aria-label': 'Network' },
      h(
        'div',
        { class: 'network-head' },
        h('div', {}, this.#title, this.#summary),
        h(
          'p',
          { class: 'legend' },
          h('span', { class: 'line' }),
          'linked to this server',
          h('span', { class: 'line behind' }),
          'reached over that link, somewhere in the frame',
        ),
        h(
          'div',
          { class: 'zoom' },
          button('−', 'Smaller', () => this.#setZoom(this.#zoom / ZOOM_STEP)),
          button('+', 'Larger', () => this.#setZoom(this.#zoom * ZOOM_STEP)),
          button('100 %', '100 %: full size', () => this.#setZoom(1)),
          button('Fit', 'Fit: show all', () => this.#fit()),
        ),
      ),
      h(
        'div',
        { class: 'network-body' },
        this.#drawing,
        h(
          'section',
          { class: 'events', 'aria-labelledby': 'events-title' },
          h('h2', { id: 'events-title' }, 'Events'),
          this.#events,
        ),
      ),
      h(
        'div',
        { class: 'network-foot' },
        h('div', { class: 'chosen' }, this.#chosenFacts, this.#chosenTraffic),
        h('section', { 'aria-label': 'Status log' }, h('h2', {}, 'Status log'), this.#statuses),
      ),
    );
    new ResizeObserver(() => this.#draw()).observe(this.#drawing);
  }

  show(network: Network): void {
    this.#network = network;
    const { id, name, info, hosts, hidden, events, status_log } = network;
    const count = (kind: NetworkHost['kind']) =>
      hosts.filter((host) => host.kind === kind && host.lost === undefined).length;
    keepChildren(this.#title, [`Relay ${id} `, foreign(name)]);
    keepChildren(this.#summary, [
      ...(info ? [foreign(info), ' · '] : []),
      `It knows of ${plural(count('server'), 'other server')} and ${plural(count('client'), 'client')}`,
      hidden > 0 ? `, and of ${hidden.toLocaleString('en')} more that are not drawn.` : '.',
    ]);
    keepChildren(this.#events, events.map(eventRow).reverse());
    keepChildren(
      this.#statuses,
      status_log.length > 0
        ? status_log.map((text) => h('li', {}, h('bdi', {}, text))).reverse()
        : [h('li', { class: 'none' }, 'No status came for this server.')],
    );
    this.#draw();
  }

  showTraffic(links: readonly LinkTraffic[]): void {
    this.#traffic = new Map(links.map((link) => [link.id, link]));
    // Only this: there may be thousands of hosts, and it comes every second.
    const drawn = this.#drawing.querySelector('[data-key="traffic"]');
    if (drawn) keepChildren(drawn, this.#trafficOn(this.#ways));
    this.#showChosen();
  }

  #trafficOn(ways: readonly NetworkWay[]): SVGElement[] {
    return ways.flatMap((way) => trafficOn(way, this.#traffic));
  }

  #draw(): void {
    if (!this.#network || this.#drawing.clientWidth === 0) return;
    const network = this.#network;
    const layout = layOutNetwork(network, this.#roomAt(this.#zoom));
    const { width, height } = layout;
    const ids = network.hosts.flatMap(({ id, lost }) => (lost === undefined ? [id] : []));
    const first = this.#first ?? new Set(ids);
    this.#first = new Set(ids.filter((id) => first.has(id)));
    const lit = this.#litIn(layout);
    this.#ways = layout.ways;
    keepChildren(this.#drawing, [
      svg(
        'svg',
        { viewBox: `0 0 ${width} ${height}`, width: width * this.#zoom, height: height * this.#zoom },
        ...layout.frames.flatMap((frame) => frameOf(frame, lit)),
        // Paths share their beginnings: the last one drawn is visible.
        ...layout.ways
          .toSorted((a, b) => rankOf(a, lit) - rankOf(b, lit))
          .map((way) => wayOf(way, lit.has(way.to))),
        svg('g', { 'data-key': 'traffic' }, ...this.#trafficOn(layout.ways)),
        ...layout.nodes.map((place) => this.#nodeOf(network, place, lit)),
      ),
    ]);
    this.#showChosen();
  }

  #showChosen(): void {
    const network = this.#network;
    const host = this.#chosenHost;
    const own = network && this.#chosen === network.id ? ownFacts(network) : undefined;
    keepChildren(
      this.#chosenFacts,
      host ? this.#factsOf(host) : (own ?? [h('p', {}, 'Choose a host to see the way to it.')]),
    );
    const traffic = host && this.#traffic.get(host.id);
    keepChildren(this.#chosenTraffic, traffic ? [trafficWords(traffic)] : []);
  }

  #nodeOf({ id, name, info, parent_id }: Network, place: NetworkNode, lit: Lit): SVGElement {
    const host: NetworkHost = place.host ?? { id, name, info, kind: 'server', first_link: id };
    const isLost = host.lost !== undefined;
    const role = place.host === undefined ? 'this server' : host.id === parent_id ? 'parent' : host.kind;
    const classes = {
      own: !place.host,
      new: place.host && !isLost && !this.#first?.has(host.id),
      lost: isLost,
      lit: lit.has(place.host),
      [host.kind]: true,
    };
    const [title, about] = textsOf(host, role);
    return nodeButton(
      place,
      {
        key: host.id,
        class: Object.entries(classes)
          .flatMap(([name, is]) => (is ? [name] : []))
          .join(' '),
        // Begins with what is seen, for those who say it.
        label: `${title} ${about}${host.kind === 'client' ? ', client' : ''}`,
        isChosen: this.#chosen === host.id,
        choose: () => this.#choose(host.id),
      },
      ...boxOf(host.kind, place, title, about),
    );
  }

  /** Selects a host; selecting it again clears the selection. */
  #choose(id: number): void {
    this.#chosen = this.#chosen === id ? undefined : id;
    this.#draw();
  }

  /** The hosts and frames on the way from this server to the selected host. */
  #litIn({ frames }: NetworkLayout): Lit {
    const host = this.#chosenHost;
    if (!host) return new Set(this.#chosen === this.#network?.id ? [undefined] : []);
    const frame = frames.find(({ hosts }) => hosts.includes(host));
    return new Set([undefined, host, frame?.link, frame]);
  }

  get #chosenHost(): NetworkHost | undefined {
    return this.#network?.hosts.find(({ id }) => id === this.#chosen);
  }

  #factsOf({ kind, id, name, info, first_link, link, lost }: NetworkHost): Node[] {
    const first = this.#network?.hosts.find((host) => host.id === first_link);
    const isParent = id === this.#network?.parent_id;
    return [
      h('h2', {}, `${kind === 'server' ? 'Server' : 'Client'} ${id} `, foreign(name)),
      h('p', {}, info ? foreign(info) : 'It says nothing of itself.'),
      lost !== undefined
        ? h('p', { class: 'lost' }, `It was lost: ${lost}.`)
        : link === undefined
          ? h(
              'p',
              {},
              `First link on the way to it: server ${first_link} `,
              foreign(first?.name ?? ''),
              '. How it goes on from there, this server does not know.',
            )
          : h(
              'p',
              {},
              `It is linked to this server${isParent ? ', as its parent' : ''}: `,
              h('a', { href: `#/link/${link}` }, `see link ${link}`),
              '.',
            ),
    ];
  }

  /** Zoomed out, there is room for more columns; zoomed in, the picture scrolls. */
  #roomAt(zoom: number): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.#drawing;
    const scale = Math.min(zoom, 1);
    return { width: clientWidth / scale, height: clientHeight / scale };
  }

  #setZoom(zoom: number): void {
    this.#zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom));
    this.#draw();
  }

  /** Zooms to the largest scale at which everything is visible. */
  #fit(): void {
    const network = this.#network;
    if (!network) return;
    const fits = (zoom: number) => {
      const room = this.#roomAt(zoom);
      const { width, height } = layOutNetwork(network, room);
      return width <= room.width && height <= room.height;
    };
    let zoom = 1;
    while (zoom > MIN_ZOOM && !fits(zoom)) zoom *= 0.95;
    this.#setZoom(zoom);
  }
}

function frameOf(frame: NetworkFrame, lit: Lit): SVGElement[] {
  const { link, hosts, x, y, width, height } = frame;
  const title = link
    ? `behind ${link.id}: ${plural(hosts.length, 'host')}`
    : `its ${plural(hosts.length, 'client')}`;
  const key = `frame ${link?.id}`;
  const name = `frame${lit.has(frame) ? ' lit' : ''}`;
  return [
    svg('rect', { 'data-key': key, class: name, x, y, width, height, rx: 8 }),
    svg('text', { 'data-key': key, class: 'title', x: x + 10, y: y + FRAME_TITLE_HEIGHT - 8 }, title),
  ];
}

function rankOf({ to }: NetworkWay, lit: Lit): number {
  if (lit.has(to)) return 2;
  return 'lost' in to ? 0 : 1;
}

function wayOf({ to, points }: NetworkWay, isLit: boolean): SVGElement {
  const isBehind = 'hosts' in to && to.link;
  const isLost = 'lost' in to;
  return svg('path', {
    class: `way${isBehind ? ' behind' : ''}${isLost ? ' lost' : ''}${isLit ? ' lit' : ''}`,
    'data-key': keyOf(to),
    d: points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join(''),
  });
}

const keyOf = (to: NetworkWay['to']) => ('hosts' in to ? `to frame ${to.link?.id}` : `to ${to.id}`);

/** What goes over a link, or over those of all clients, in a second. Nothing is known about what is behind a link. */
function trafficOn({ to, points }: NetworkWay, traffic: ReadonlyMap<number, LinkTraffic>): SVGElement[] {
  const hosts = 'hosts' in to ? (to.link ? [] : to.hosts) : [to];
  const links = hosts.flatMap(({ id }) => traffic.get(id) ?? []);
  const [from, end] = points.slice(-2);
  if (links.length === 0 || !from || !end) return [];
  const sum = (of: (link: LinkTraffic) => number) => links.reduce((all, link) => all + of(link), 0);
  const messages = sum((link) => link.messages_in + link.messages_out);
  const bytes = sum((link) => link.bytes_in + link.bytes_out);
  const x = (Math.max(from.x, end.x - TRAFFIC_WIDTH) + end.x) / 2;
  const text = (key: string, y: number, words: string) =>
    svg(
      'text',
      { 'data-key': `${key} ${keyOf(to)}`, class: 'traffic', x, y, 'text-anchor': 'middle' },
      words,
    );
  return [
    text('messages', end.y - 5, `${short(messages)} msg/s`),
    text('bytes', end.y + 13, `${byteWords(bytes)}/s`),
  ];
}

/** What a node says: a name, and about it. */
function textsOf({ kind, id, name, info, lost }: NetworkHost, role: string): readonly [string, string] {
  if (kind === 'client') return [cut(name, NODE_CHARS.client), lost === undefined ? `${id}` : `${id} lost`];
  const about = lost === undefined ? `${role} ${id}${info ? ` · ${info}` : ''}` : `lost: ${lost}`;
  return [cut(name, NODE_CHARS.server), cut(about, ABOUT_CHARS)];
}

/** The visible parts of a node: its outline and its texts. */
function boxOf(
  kind: NetworkHost['kind'],
  { width, height }: NetworkNode,
  title: string,
  about: string,
): SVGElement[] {
  const rx = kind === 'server' ? 7 : height / 2 - 1;
  const box = svg('rect', { class: 'box', x: 1, y: 1, width: width - 2, height: height - 2, rx });
  const middle = height / 2;
  const [first, second] =
    kind === 'server'
      ? [
          { x: 12, y: middle - 4 },
          { x: 12, y: middle + 13 },
        ]
      : [
          { x: 14, y: middle + 4.5 },
          { x: width - 12, y: middle + 4.5, 'text-anchor': 'end' },
        ];
  return [
    box,
    svg('text', { class: 'name', ...first }, title),
    // The space keeps the two apart for those who hear them.
    svg('text', { class: 'about', ...second }, ` ${about}`),
  ];
}

const verbs = {
  joined: ['joined', 'joined'],
  moved: ['moved', 'moved'],
  left: ['left', 'left'],
  lost: ['was lost', 'were lost'],
  refused: ['was refused', 'were refused'],
} as const;

function eventRow({ at, kind, host, over, from, reason, more }: NetworkEvent): HTMLElement {
  /** A host that is linked to this server is reached over itself. */
  const via = (link: number | undefined) => (link === host?.id ? 'this server' : `server ${link}`);
  const joined = kind === 'joined' && over !== host?.id ? ` over ${via(over)}` : '';
  const way = kind === 'moved' ? ` from ${via(from)} to ${via(over)}` : joined;
  const why = (kind === 'lost' || kind === 'refused') && reason ? `: ${reason}` : '';
  return h(
    'li',
    { class: kind, 'data-key': `${at} ${kind} ${host?.id}` },
    h('time', {}, clockTime(at)),
    ...(host ? [` ${host.kind} ${host.id} `, foreign(host.name)] : [' somebody']),
    `${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''} ${verbs[kind][more > 0 ? 1 : 0]}${way}${why}`,
  );
}

const short = (count: number) => count.toLocaleString('en', { notation: 'compact' });

const byteWords = (bytes: number) =>
  bytes < 1_000_000
    ? bytes < 1_000
      ? `${Math.round(bytes)} B`
      : `${(bytes / 1_000).toFixed(1)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;

const trafficWords = ({ messages_in, bytes_in, messages_out, bytes_out }: LinkTraffic) =>
  `In the last second, ${short(messages_in)} message${messages_in === 1 ? '' : 's'} (${byteWords(bytes_in)}) came from it` +
  ` and ${short(messages_out)} (${byteWords(bytes_out)}) went to it.`;

function ownFacts({ id, name, info }: Network): Node[] {
  return [h('h2', {}, `This server, ${id} `, foreign(name)), h('p', {}, info ? foreign(info) : '')];
}
