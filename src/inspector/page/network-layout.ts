/**
 * The layout of the picture of a relay network: the server itself on the left, its links beside it, and to the right of
 * each link the hosts that are reached over it. A server does not know the network's shape beyond its links, so these
 * hosts stand in rows, as few as the height allows, each with its own path back to the link.
 */
import type { Network, NetworkHost } from '../../protocol/inspect/inspect-messages.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface NetworkNode {
  /** Undefined for the server whose picture it is. */
  readonly host: NetworkHost | undefined;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The path from the preceding node to this one's edge, in vertical and horizontal lines. */
  readonly way: readonly Point[];
}

export interface NetworkLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly NetworkNode[];
}

const MARGIN = 16;
const OWN = { width: 200, height: 64 };
const NODE_WIDTH = 176;
export const NODE_HEIGHTS = { server: 44, client: 28 } as const;
/** The gap between two levels: room for the vertical lines. */
const LEVEL_GAP = 44;
const COLUMN_GAP = 16;
const ROW_GAP = 10;
/** Rows with several columns have a line above them. */
const BUS_GAP = 18;
const BRANCH_GAP = 22;
/** In a tall picture, the first nodes must be visible without scrolling. */
const MAX_ANCHOR_Y = 180;

interface Placed extends Omit<NetworkNode, 'way'> {
  readonly host: NetworkHost;
  /** The height at which its line arrives, and whether it arrives from above or from the left. */
  readonly lineY: number;
  readonly isFromAbove: boolean;
}

interface Block {
  readonly placed: readonly Placed[];
  readonly height: number;
}

interface Branch {
  /** Undefined for the branch of adjacent clients. */
  readonly link: NetworkHost | undefined;
  readonly hosts: readonly NetworkHost[];
}

/** @param room the available size; the picture may be taller, and is wider only if even one column does not fit */
export function layOutNetwork(
  { hosts }: Pick<Network, 'hosts'>,
  room: { readonly width: number; readonly height: number },
): NetworkLayout {
  const branches = branchesOf(hosts);
  const linkX = MARGIN + OWN.width + LEVEL_GAP;
  const hostX = linkX + NODE_WIDTH + LEVEL_GAP;
  const fitting = (x: number) =>
    Math.max(1, Math.floor((room.width - MARGIN - x + COLUMN_GAP) / (NODE_WIDTH + COLUMN_GAP)));
  const blocksOf = (columns: number) =>
    branches.map(({ link, hosts }) => {
      const x = link ? hostX : linkX;
      return placeInRows(hosts, x, Math.min(columns, fitting(x)));
    });
  let blocks = blocksOf(1);
  for (
    let columns = 2;
    columns <= fitting(linkX) && totalOf(branches, blocks) > room.height - 2 * MARGIN;
    columns += 1
  )
    blocks = blocksOf(columns);

  const height = Math.max(totalOf(branches, blocks), OWN.height);
  const ownY = Math.min(height / 2, MAX_ANCHOR_Y) - OWN.height / 2;
  const start = { x: MARGIN + OWN.width, y: MARGIN + ownY + OWN.height / 2 };
  const nodes: NetworkNode[] = [{ host: undefined, x: MARGIN, y: MARGIN + ownY, ...OWN, way: [] }];
  let top = MARGIN;
  for (const [i, { link }] of branches.entries()) {
    const block = blocks[i] as Block;
    const branchHeight = heightOf(link, block);
    const from = link ? place(link, linkX, top, branchHeight) : undefined;
    if (link && from)
      nodes.push({ host: link, ...from, way: wayTo(start, from.x, from.y + from.height / 2) });
    const blockTop = top + (branchHeight - block.height) / 2;
    const origin = from ? { x: from.x + from.width, y: from.y + from.height / 2 } : start;
    for (const { lineY, isFromAbove, ...placed } of block.placed) {
      const way = wayTo(origin, isFromAbove ? placed.x + 14 : placed.x, lineY + blockTop);
      const y = placed.y + blockTop;
      nodes.push({ ...placed, y, way: isFromAbove ? [...way, { x: placed.x + 14, y }] : way });
    }
    top += branchHeight + BRANCH_GAP;
  }
  const width = Math.max(...nodes.map((node) => node.x + node.width)) + MARGIN;
  return { width, height: height + 2 * MARGIN, nodes };
}

/** One branch per adjacent server, and one for all adjacent clients. */
function branchesOf(hosts: readonly NetworkHost[]): Branch[] {
  const adjacent = hosts.filter(({ id, first_link }) => id === first_link);
  const links = adjacent.filter(({ kind }) => kind === 'server');
  const clients = adjacent.filter(({ kind }) => kind === 'client');
  const behind = new Map(links.map(({ id }) => [id, [] as NetworkHost[]]));
  for (const host of hosts) if (host.first_link !== host.id) behind.get(host.first_link)?.push(host);
  const ofLinks = links.map((link): Branch => ({ link, hosts: behind.get(link.id) ?? [] }));
  return clients.length > 0 ? [...ofLinks, { link: undefined, hosts: clients }] : ofLinks;
}

/** Servers first, then clients, so that all nodes in a row have the same height. */
function placeInRows(hosts: readonly NetworkHost[], left: number, columns: number): Block {
  const isWide = columns > 1 && hosts.length > 1;
  const gap = isWide ? BUS_GAP : ROW_GAP;
  const placed: Placed[] = [];
  let y = 0;
  for (const kind of ['server', 'client'] as const) {
    const own = hosts.filter((host) => host.kind === kind);
    const height = NODE_HEIGHTS[kind];
    for (let i = 0; i < own.length; i += columns) {
      for (const [column, host] of own.slice(i, i + columns).entries()) {
        const x = left + column * (NODE_WIDTH + COLUMN_GAP);
        const lineY = isWide ? y + gap / 2 - 1 : y + height / 2;
        const top = isWide ? y + gap - 2 : y;
        placed.push({ host, x, y: top, width: NODE_WIDTH, height, lineY, isFromAbove: isWide });
      }
      y += height + gap;
    }
  }
  return { placed, height: Math.max(0, isWide ? y : y - gap) };
}

function heightOf(link: NetworkHost | undefined, { height }: Block): number {
  return Math.max(link ? NODE_HEIGHTS.server : 0, height);
}

function totalOf(branches: readonly Branch[], blocks: readonly Block[]): number {
  const heights = branches.map(({ link }, i) => heightOf(link, blocks[i] as Block));
  return heights.reduce((sum, height) => sum + height, 0) + BRANCH_GAP * Math.max(0, heights.length - 1);
}

function place(host: NetworkHost, x: number, top: number, height: number) {
  const own = NODE_HEIGHTS[host.kind];
  return { x, y: top + Math.min(height / 2, MAX_ANCHOR_Y) - own / 2, width: NODE_WIDTH, height: own };
}

/** A path out to the right, up or down between the levels, and on to the right. */
function wayTo(from: Point, x: number, y: number): Point[] {
  if (from.y === y) return [from, { x, y }];
  const turn = from.x + LEVEL_GAP / 2;
  return [from, { x: turn, y: from.y }, { x: turn, y }, { x, y }];
}
