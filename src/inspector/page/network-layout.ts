/**
 * The layout of the picture of a relay network: the server itself on the left, its links beside it, and to the right of
 * each link a frame with the hosts that are reached over it. A server does not know the network's shape beyond its
 * links, so a line leads to the frame, and none to the hosts in it. The server's own clients have a frame, too.
 */
import type { Network, NetworkHost } from '../../protocol/inspect/inspect-messages.ts';
import type { Box, Point } from './geometry.ts';

export interface NetworkNode extends Box {
  /** Undefined for the server whose picture it is. */
  readonly host: NetworkHost | undefined;
}

/** Around hosts that are reached in the same way. */
export interface NetworkFrame extends Box {
  /** The link over which they are reached; undefined for the clients of the server itself. */
  readonly link: NetworkHost | undefined;
  readonly hosts: readonly NetworkHost[];
}

/** From the server to a link or to its clients' frame, or from a link to its frame. */
export interface NetworkWay {
  readonly to: NetworkHost | NetworkFrame;
  /** In upright and level lines, the last one level. */
  readonly points: readonly Point[];
}

export interface NetworkLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly NetworkNode[];
  readonly frames: readonly NetworkFrame[];
  readonly ways: readonly NetworkWay[];
}

const MARGIN = 16;
const NODE_WIDTH = 176;
const OWN = { width: NODE_WIDTH, height: 64 };
export const NODE_HEIGHTS = { server: 44, client: 28 } as const;
/** The gap between the server and its links: room for the upright lines, and for what goes over each link. */
const LINK_GAP = 92;
const FRAME_GAP = 28;
/** Where the lines turn. */
const TURN = 16;
const GAP = 10;
const BRANCH_GAP = 22;
const FRAME_PADDING = 10;
export const FRAME_TITLE_HEIGHT = 24;
/** In a tall picture, the first nodes must be visible without scrolling. */
const MAX_ANCHOR_Y = 180;

interface Branch {
  /** Undefined for the branch of the server's own clients. */
  readonly link: NetworkHost | undefined;
  /** Those in the frame: servers first, so that all nodes in a row have the same height. */
  readonly hosts: readonly NetworkHost[];
}

/** @param room the available size; the picture may be taller, and is wider only if even one column does not fit */
export function layOutNetwork(
  { hosts }: Pick<Network, 'hosts'>,
  room: { readonly width: number; readonly height: number },
): NetworkLayout {
  const branches = branchesOf(hosts);
  const linkX = MARGIN + OWN.width + LINK_GAP;
  const frameX = linkX + NODE_WIDTH + FRAME_GAP;
  const leftOf = ({ link }: Branch) => (link ? frameX : linkX);
  const fitting = (x: number) =>
    Math.max(1, Math.floor((room.width - MARGIN - x - 2 * FRAME_PADDING + GAP) / (NODE_WIDTH + GAP)));
  const framesOf = (columns: number) =>
    branches.map((branch) => fill(branch, Math.min(columns, fitting(leftOf(branch)))));
  const heightOf = ({ link }: Branch, { height }: { height: number }) =>
    Math.max(link ? NODE_HEIGHTS.server : 0, height);
  const totalOf = (filled: readonly { height: number }[]) =>
    branches.reduce(
      (sum, branch, i) => sum + heightOf(branch, filled[i] as { height: number }) + (i > 0 ? BRANCH_GAP : 0),
      0,
    );
  let filled = framesOf(1);
  for (let columns = 2; columns <= fitting(linkX) && totalOf(filled) > room.height - 2 * MARGIN; columns += 1)
    filled = framesOf(columns);

  const height = Math.max(totalOf(filled), OWN.height);
  const ownY = MARGIN + Math.min(height / 2, MAX_ANCHOR_Y);
  const start = { x: MARGIN + OWN.width, y: ownY };
  const nodes: NetworkNode[] = [{ host: undefined, x: MARGIN, y: ownY - OWN.height / 2, ...OWN }];
  const frames: NetworkFrame[] = [];
  const ways: NetworkWay[] = [];
  let top = MARGIN;
  for (const [i, branch] of branches.entries()) {
    const { width, height, places } = filled[i] as Filled;
    const { link, hosts } = branch;
    const branchHeight = heightOf(branch, { height });
    const y = top + Math.min(branchHeight / 2, MAX_ANCHOR_Y);
    const frame = { link, hosts, x: leftOf(branch), y: top + (branchHeight - height) / 2, width, height };
    if (link) {
      const own = NODE_HEIGHTS[link.kind];
      nodes.push({ host: link, x: linkX, y: y - own / 2, width: NODE_WIDTH, height: own });
      ways.push({ to: link, points: wayTo(start, linkX, y) });
    }
    if (hosts.length > 0) {
      frames.push(frame);
      const from = link ? { x: linkX + NODE_WIDTH, y } : start;
      ways.push({ to: frame, points: wayTo(from, frame.x, y) });
      nodes.push(...places.map((place) => ({ ...place, x: frame.x + place.x, y: frame.y + place.y })));
    }
    top += branchHeight + BRANCH_GAP;
  }
  const width = Math.max(...[...nodes, ...frames].map((box) => box.x + box.width)) + MARGIN;
  return { width, height: height + 2 * MARGIN, nodes, frames, ways };
}

/** One branch per adjacent server, and one for all adjacent clients. */
function branchesOf(hosts: readonly NetworkHost[]): Branch[] {
  const adjacent = hosts.filter(({ id, first_link }) => id === first_link);
  const links = adjacent.filter(({ kind }) => kind === 'server');
  const clients = adjacent.filter(({ kind }) => kind === 'client');
  const behind = new Map(links.map(({ id }) => [id, [] as NetworkHost[]]));
  for (const kind of ['server', 'client'] as const)
    for (const host of hosts)
      if (host.kind === kind && host.first_link !== host.id) behind.get(host.first_link)?.push(host);
  const ofLinks = links.map((link): Branch => ({ link, hosts: behind.get(link.id) ?? [] }));
  return clients.length > 0 ? [...ofLinks, { link: undefined, hosts: clients }] : ofLinks;
}

interface Filled {
  readonly width: number;
  readonly height: number;
  /** Relative to the frame. */
  readonly places: readonly (NetworkNode & { readonly host: NetworkHost })[];
}

/** Puts the hosts of a branch into rows; a frame without hosts has no height. */
function fill({ hosts }: Branch, columns: number): Filled {
  const places: Filled['places'][number][] = [];
  let y = FRAME_TITLE_HEIGHT;
  let used = 0;
  for (const kind of ['server', 'client'] as const) {
    const own = hosts.filter((host) => host.kind === kind);
    const height = NODE_HEIGHTS[kind];
    used = Math.max(used, Math.min(columns, own.length));
    for (const [i, host] of own.entries()) {
      const x = FRAME_PADDING + (i % columns) * (NODE_WIDTH + GAP);
      places.push({ host, x, y, width: NODE_WIDTH, height });
      if (i % columns === columns - 1 || i === own.length - 1) y += height + GAP;
    }
  }
  return {
    width: 2 * FRAME_PADDING + used * NODE_WIDTH + (used - 1) * GAP,
    height: hosts.length === 0 ? 0 : y - GAP + FRAME_PADDING,
    places,
  };
}

/** A path out to the right, up or down between the levels, and on to the right. */
function wayTo(from: Point, x: number, y: number): Point[] {
  if (from.y === y) return [from, { x, y }];
  const turn = from.x + TURN;
  return [from, { x: turn, y: from.y }, { x: turn, y }, { x, y }];
}
