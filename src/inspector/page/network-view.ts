/**
 * A relay server's network as it knows it: a picture of the tree, details of the selected host, and the server's status
 * log.
 */
import type { Network, NetworkHost } from '../../protocol/inspect/inspect-messages.ts';
import { foreign, h, keepChildren, svg } from './dom.ts';
import { cut, nodeButton, plural } from './graph-drawing.ts';
import { layOutNetwork, type NetworkNode } from './network-layout.ts';

const ZOOM_STEP = 1.25;
const MIN_ZOOM = 0.15;
const MAX_ZOOM = 3;
/** About as many characters as fit into a node; anything wider is cut off at its edge. */
const NODE_CHARS = { server: 21, client: 16 } as const;

/** The ids of the selected host and those on the way to it; undefined for this server. */
type LitIds = ReadonlySet<number | undefined>;

export class NetworkView {
  readonly element: HTMLElement;
  readonly #title = h('h1');
  readonly #summary = h('p', { class: 'who' });
  readonly #drawing = h('div', { class: 'drawing tree', tabindex: 0, role: 'group', 'aria-label': 'Tree' });
  readonly #chosenFacts = h('div', { class: 'chosen', role: 'status' });
  readonly #statuses = h('ol', { class: 'statuses' });
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
          'reached over that link, somewhere behind it',
        ),
        h(
          'div',
          { class: 'zoom' },
          button('−', 'Smaller', () => this.#setZoom(this.#zoom / ZOOM_STEP)),
          button('+', 'Larger', () => this.#setZoom(this.#zoom * ZOOM_STEP)),
          button('100 %', 'Full size', () => this.#setZoom(1)),
          button('Fit', 'Show all', () => this.#fit()),
        ),
      ),
      this.#drawing,
      h(
        'div',
        { class: 'network-foot' },
        this.#chosenFacts,
        h('section', { 'aria-label': 'Status log' }, h('h2', {}, 'Status log'), this.#statuses),
      ),
    );
    new ResizeObserver(() => this.#draw()).observe(this.#drawing);
  }

  show(network: Network): void {
    this.#network = network;
    const { id, name, info, hosts, hidden, status_log } = network;
    const count = (kind: NetworkHost['kind']) => hosts.filter((host) => host.kind === kind).length;
    keepChildren(this.#title, [`Relay ${id} `, foreign(name)]);
    keepChildren(this.#summary, [
      ...(info ? [foreign(info), ' · '] : []),
      `It knows of ${plural(count('server'), 'other server')} and ${plural(count('client'), 'client')}`,
      hidden > 0 ? `, and of ${hidden.toLocaleString('en')} more that are not drawn.` : '.',
    ]);
    keepChildren(
      this.#statuses,
      status_log.length > 0
        ? status_log.map((text) => h('li', {}, h('bdi', {}, text))).reverse()
        : [h('li', { class: 'none' }, 'No status came for this server.')],
    );
    this.#draw();
  }

  #draw(): void {
    if (!this.#network || this.#drawing.clientWidth === 0) return;
    const network = this.#network;
    const { nodes, width, height } = layOutNetwork(network, this.#roomAt(this.#zoom));
    const ids = network.hosts.map(({ id }) => id);
    const first = this.#first ?? new Set(ids);
    this.#first = new Set(ids.filter((id) => first.has(id)));
    const lit = this.#litIds();
    // Paths share their beginnings: the last one drawn is visible.
    const places = nodes.toSorted((a, b) => Number(lit.has(a.host?.id)) - Number(lit.has(b.host?.id)));
    keepChildren(this.#drawing, [
      svg(
        'svg',
        { viewBox: `0 0 ${width} ${height}`, width: width * this.#zoom, height: height * this.#zoom },
        svg('g', {}, ...places.flatMap((place) => wayOf(place, lit))),
        ...nodes.map((place) => this.#nodeOf(network, place, lit)),
      ),
    ]);
    this.#showChosen(network);
  }

  #nodeOf({ id, name, info, parent_id }: Network, place: NetworkNode, lit: LitIds): SVGElement {
    const host = place.host ?? { id, name, info, kind: 'server' as const };
    const role = place.host === undefined ? 'this server' : host.id === parent_id ? 'parent' : host.kind;
    const classes = {
      own: !place.host,
      new: place.host && !this.#first?.has(host.id),
      lit: lit.has(place.host?.id),
      [host.kind]: true,
    };
    return nodeButton(
      place,
      {
        key: host.id,
        class: Object.entries(classes)
          .flatMap(([name, is]) => (is ? [name] : []))
          .join(' '),
        label: `${role} ${host.id}, ${cut(host.name, 60)}`,
        choose: () => this.#choose(host.id),
      },
      ...boxOf(host, role, place),
    );
  }

  /** Selects a host; selecting it again clears the selection. */
  #choose(id: number): void {
    this.#chosen = this.#chosen === id ? undefined : id;
    this.#draw();
  }

  /** The path from this server, which has no id among the places, to the selected host. */
  #litIds(): LitIds {
    const host = this.#chosenHost;
    if (host) return new Set([host.id, host.first_link, undefined]);
    return new Set(this.#chosen === this.#network?.id ? [undefined] : []);
  }

  get #chosenHost(): NetworkHost | undefined {
    return this.#network?.hosts.find(({ id }) => id === this.#chosen);
  }

  #showChosen(network: Network): void {
    const host = this.#chosenHost;
    const own = this.#chosen === network.id ? ownFacts(network) : undefined;
    keepChildren(
      this.#chosenFacts,
      host ? this.#factsOf(host) : (own ?? [h('p', {}, 'Choose a host to see the way to it.')]),
    );
  }

  #factsOf({ kind, id, name, info, first_link, link }: NetworkHost): Node[] {
    const first = this.#network?.hosts.find((host) => host.id === first_link);
    const isParent = id === this.#network?.parent_id;
    return [
      h('h2', {}, `${kind === 'server' ? 'Server' : 'Client'} ${id} `, foreign(name)),
      h('p', {}, info ? foreign(info) : 'It says nothing of itself.'),
      link === undefined
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

function wayOf({ host, way }: NetworkNode, lit: LitIds): SVGElement[] {
  if (!host) return [];
  const behind = host.first_link === host.id ? '' : ' behind';
  return [
    svg('path', {
      class: `way${behind}${lit.has(host.id) ? ' lit' : ''}`,
      'data-key': host.id,
      d: way.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join(''),
    }),
  ];
}

/** The visible parts of a node: its outline and its text. */
function boxOf(
  host: Omit<NetworkHost, 'first_link'>,
  role: string,
  { width, height }: NetworkNode,
): SVGElement[] {
  const { kind, id, name, info } = host;
  const about = `${role} ${id}${kind === 'server' && info ? ` · ${info}` : ''}`;
  const rx = kind === 'server' ? 7 : height / 2 - 1;
  const box = svg('rect', { class: 'box', x: 1, y: 1, width: width - 2, height: height - 2, rx });
  if (kind === 'server')
    return [
      box,
      svg('text', { class: 'name', x: 12, y: height / 2 - 4 }, cut(name, NODE_CHARS.server)),
      svg('text', { class: 'about', x: 12, y: height / 2 + 13 }, cut(about, 30)),
    ];
  const y = height / 2 + 4.5;
  return [
    box,
    svg('text', { class: 'name', x: 14, y }, cut(name, NODE_CHARS.client)),
    svg('text', { class: 'about', x: width - 12, y, 'text-anchor': 'end' }, String(id)),
  ];
}

function ownFacts({ id, name, info }: Network): Node[] {
  return [h('h2', {}, `This server, ${id} `, foreign(name)), h('p', {}, info ? foreign(info) : '')];
}
