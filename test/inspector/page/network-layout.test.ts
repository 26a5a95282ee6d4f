import { describe, expect, it } from '@jest/globals';
import type { Box, Point } from '../../../src/inspector/page/geometry.ts';
import {
  layOutNetwork,
  type NetworkLayout,
  type NetworkNode,
} from '../../../src/inspector/page/network-layout.ts';
import type { NetworkHost } from '../../../src/protocol/index.ts';
import fc from '../../support/fast-check.ts';

const room = { width: 1380, height: 560 };

/** Adjacent servers with so many servers and clients behind each, and adjacent clients. */
function hostsOf(
  links: readonly (readonly [servers: number, clients: number])[],
  clients: number,
): NetworkHost[] {
  let id = 1;
  const host = (kind: NetworkHost['kind'], firstLink?: number): NetworkHost => {
    id += 1;
    return { id, kind, name: `host ${id}`, info: '', first_link: firstLink ?? id };
  };
  const adjacent = links.map(() => host('server'));
  const behind = links.flatMap(([servers, inner], i) => {
    const link = adjacent[i]?.id as number;
    return [
      ...Array.from({ length: servers }, () => host('server', link)),
      ...Array.from({ length: inner }, () => host('client', link)),
    ];
  });
  return [...adjacent, ...behind, ...Array.from({ length: clients }, () => host('client'))];
}

const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const contains = (outer: Box, inner: Box) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

/** A line that goes through a host or a frame, or along its edge, would seem to lead to it. */
function crossings({ nodes, frames, ways }: NetworkLayout): string[] {
  return ways
    .flatMap(({ to, points }) =>
      points.slice(1).flatMap((end, i) => {
        const from = points[i] as typeof end;
        const line = {
          x: Math.min(from.x, end.x) + 1,
          y: Math.min(from.y, end.y) - 3,
          width: Math.abs(from.x - end.x) - 2,
          height: Math.abs(from.y - end.y) + 6,
        };
        return [...nodes, ...frames].filter((box) => overlap(line, box)).map((box) => ({ to, box }));
      }),
    )
    .map(({ to, box }) => `the way to ${JSON.stringify(to)} through ${JSON.stringify(box)}`);
}

const networks = fc.tuple(
  fc.array(fc.tuple(fc.nat(20), fc.nat(60)), { maxLength: 6 }),
  fc.nat(40),
  fc.integer({ min: 300, max: 2_800 }),
);

describe('the picture of a network', () => {
  it('has every host once, none upon another, and no line through one', () => {
    fc.assert(
      fc.property(networks, ([links, clients, width]) => {
        const hosts = hostsOf(links, clients);
        const layout = layOutNetwork({ hosts }, { width, height: 560 });
        const { nodes } = layout;
        expect(nodes.map(({ host }) => host?.id ?? 0).sort((a, b) => a - b)).toEqual([
          0,
          ...hosts.map(({ id }) => id).sort((a, b) => a - b),
        ]);
        const { frames } = layout;
        const page = { x: 0, y: 0, width: layout.width, height: layout.height };
        const upon = (boxes: readonly Box[]) =>
          boxes.filter((box, i) => boxes.slice(i + 1).some((other) => overlap(box, other)));
        expect([...upon(nodes), ...upon(frames)]).toEqual([]);
        expect([...nodes, ...frames].filter((box) => !contains(page, box))).toEqual([]);
        for (const frame of frames) {
          const inside = nodes.filter((node) => overlap(frame, node));
          expect(inside.map(({ host }) => host?.id)).toEqual(frame.hosts.map(({ id }) => id));
          expect(inside.filter((node) => !contains(frame, node))).toEqual([]);
        }
        expect(crossings(layout)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('leads from the server to each link and to its clients, and from each link to what is behind it', () => {
    const hosts = hostsOf(
      [
        [4, 9],
        [0, 0],
        [1, 0],
      ],
      3,
    );
    const { nodes, frames, ways } = layOutNetwork({ hosts }, room);
    const own = nodes.find(({ host }) => !host) as NetworkNode;
    const nodeOf = (host: NetworkHost) => nodes.find((node) => node.host === host) as NetworkNode;
    expect(frames.map(({ link, hosts }) => [link?.id, hosts.length])).toEqual([
      [2, 13],
      [4, 1],
      [undefined, 3],
    ]);
    expect(ways.map(({ to }) => ('hosts' in to ? [to.link?.id] : to.id))).toEqual([
      2,
      [2],
      3,
      4,
      [4],
      [undefined],
    ]);
    for (const { to, points } of ways) {
      const [before, box] = 'hosts' in to ? [to.link ? nodeOf(to.link) : own, to] : [own, nodeOf(to)];
      expect(points[0]).toEqual({ x: before.x + before.width, y: before.y + before.height / 2 });
      const end = points.at(-1) as Point;
      expect(end.x).toBe(box.x);
      expect(end.y).toBeGreaterThan(box.y);
      expect(end.y).toBeLessThan(box.y + box.height);
      for (const [i, point] of points.slice(1).entries())
        expect(point.x === points[i]?.x || point.y === points[i]?.y).toBe(true);
    }
  });

  it('of 11 servers and 8 clients is seen whole; of 50 and 200 one scrolls down only', () => {
    const small = layOutNetwork(
      {
        hosts: hostsOf(
          [
            [6, 4],
            [2, 2],
          ],
          2,
        ),
      },
      room,
    );
    expect(small.width).toBeLessThanOrEqual(room.width);
    expect(small.height).toBeLessThanOrEqual(room.height);
    const large = layOutNetwork(
      {
        hosts: hostsOf(
          [
            [12, 50],
            [12, 50],
            [12, 50],
            [9, 46],
          ],
          4,
        ),
      },
      room,
    );
    expect(large.width).toBeLessThanOrEqual(room.width);
  });

  it('of a server alone is that server', () => {
    const { nodes, frames, ways } = layOutNetwork({ hosts: [] }, room);
    expect([nodes, frames, ways]).toMatchObject([[{ host: undefined }], [], []]);
  });
});
