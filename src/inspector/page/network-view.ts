/**
 * A relay server's network as it knows it: a picture of the tree, details of the selected host, and the server's status
 * log.
 */
import type { Network, NetworkHost } from '../../protocol/inspect/inspect-messages.ts';
import { foreign, h, keepChildren, placeInOrder, svg } from './dom.ts';
import { layOutNetwork, type NetworkNode } from './network-layout.ts';

const ZOOM_STEP = 1.25;
const MIN_ZOOM = 0.15;
const MAX_ZOOM = 3;
/** About as many characters as fit into a node; anything wider is cut off at its edge. */
const NODE_CHARS = { server: 21, client: 16 } as const;

interface Drawn {
  readonly node: SVGElement;
  /** The path to the node; undefined for the server whose picture it is. */
  readonly way: SVGElement | undefined;
  /** The text that the node shows. */
  shown: string;
}

export class NetworkView {
  readonly element: HTMLElement;
  readonly #title = h('h1');
  readonly #summary = h('p', { class: 'who' });
  readonly #drawing = h('div', { class: 'drawing tree', tabindex: 0, role: 'group', 'aria-label': 'Tree' });
  readonly #chosenFacts = h('div', { class: 'chosen', role: 'status' });
  readonly #statuses = h('ol', { class: 'statuses' });
  readonly #ways = svg('g');
  readonly #svg = svg('svg', {}, this.#ways);
  /** The drawn elements by host id: reused by the next drawing, so that focus and clicks survive. */
  readonly #drawn = new Map<number, Drawn>();
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
    this.#drawing.append(this.#svg);
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
    setAll(this.#svg, {
      viewBox: `0 0 ${width} ${height}`,
      width: width * this.#zoom,
      height: height * this.#zoom,
    });
    const isFirst = this.#drawn.size === 0;
    const there = new Set(nodes.map(({ host }) => host?.id ?? network.id));
    for (const [id, { node, way }] of this.#drawn) {
      if (there.has(id)) continue;
      node.remove();
      way?.remove();
      this.#drawn.delete(id);
    }
    const drawn = nodes.map((node) => this.#drawNode(network, node, isFirst));
    placeInOrder(this.#svg, [this.#ways, ...drawn.map(({ node }) => node)]);
    placeInOrder(
      this.#ways,
      drawn.flatMap(({ way }) => way ?? []),
    );
    this.#light();
  }

  #drawNode({ id, name, info, parent_id }: Network, place: NetworkNode, isFirst: boolean): Drawn {
    const host = place.host ?? { id, name, info, kind: 'server' as const };
    const { x, y, width, height } = place;
    const role = place.host === undefined ? 'this server' : host.id === parent_id ? 'parent' : host.kind;
    let drawn = this.#drawn.get(host.id);
    if (!drawn) {
      drawn = this.#createNode(host.id, place.host !== undefined);
      drawn.node.classList.toggle('new', !isFirst);
      this.#drawn.set(host.id, drawn);
    }
    const { node, way } = drawn;
    if (way && place.host) {
      way.classList.toggle('behind', place.host.first_link !== host.id);
      setAll(way, { d: place.way.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('') });
    }
    node.classList.toggle('server', host.kind === 'server');
    node.classList.toggle('client', host.kind === 'client');
    setAll(node, { x, y, width, height, 'aria-label': `${role} ${host.id}, ${cut(host.name, 60)}` });
    const shown = JSON.stringify([role, host, width, height]);
    if (drawn.shown !== shown) node.replaceChildren(...boxOf(host, role, place));
    drawn.shown = shown;
    return drawn;
  }

  #createNode(id: number, hasWay: boolean): Drawn {
    const choose = () => this.#choose(id);
    // A nested svg clips whatever is larger than it.
    const node = svg('svg', {
      class: hasWay ? 'node' : 'node own',
      'data-host': id,
      tabindex: 0,
      role: 'button',
      click: choose,
      keydown: (event) => {
        if ((event as KeyboardEvent).key === 'Enter' || (event as KeyboardEvent).key === ' ') {
          event.preventDefault();
          choose();
        }
      },
    });
    return { node, way: hasWay ? svg('path', { class: 'way' }) : undefined, shown: '' };
  }

  /** Selects a host; selecting it again clears the selection. */
  #choose(id: number): void {
    this.#chosen = this.#chosen === id ? undefined : id;
    this.#light();
  }

  /** Highlights the path from this server to the selected host, and shows what is known about it. */
  #light(): void {
    const network = this.#network as Network;
    const host = network.hosts.find(({ id }) => id === this.#chosen);
    const isOwn = this.#chosen === network.id;
    const ids = host ? [host.id, host.first_link, network.id] : isOwn ? [network.id] : [];
    for (const [id, { node, way }] of this.#drawn) {
      const isLit = ids.includes(id);
      node.classList.toggle('lit', isLit);
      way?.classList.toggle('lit', isLit);
      // Paths share their beginnings: the last one drawn is visible.
      if (way && isLit) this.#ways.append(way);
    }
    keepChildren(
      this.#chosenFacts,
      host
        ? this.#factsOf(host)
        : isOwn
          ? ownFacts(network)
          : [h('p', {}, 'Choose a host to see the way to it.')],
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

function setAll(element: Element, attributes: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

function ownFacts({ id, name, info }: Network): Node[] {
  return [h('h2', {}, `This server, ${id} `, foreign(name)), h('p', {}, info ? foreign(info) : '')];
}

/** Cuts by whole characters, so that no surrogate pair is split. */
function cut(text: string, chars: number): string {
  const all = Array.from(text);
  return all.length > chars ? `${all.slice(0, chars - 1).join('')}…` : text;
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
