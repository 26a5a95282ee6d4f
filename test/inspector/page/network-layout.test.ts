import { describe, expect, it } from '@jest/globals';
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

const overlap = (a: NetworkNode, b: NetworkNode) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** A line that goes through the inside of a node would seem to come from it. */
function crossings({ nodes }: NetworkLayout): string[] {
  return nodes.flatMap(({ host, way }) =>
    way.slice(1).flatMap((to, i) => {
      const from = way[i] as typeof to;
      const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
      const [top, bottom] = [Math.min(from.y, to.y), Math.max(from.y, to.y)];
      return nodes
        .filter(
          (node) =>
            left < node.x + node.width - 1 &&
            right > node.x + 1 &&
            top < node.y + node.height - 1 &&
            bottom > node.y + 1,
        )
        .map((node) => `the way to ${host?.id} through ${node.host?.id}`);
    }),
  );
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
        for (const [i, node] of nodes.entries()) {
          expect(nodes.slice(i + 1).filter((other) => overlap(node, other))).toEqual([]);
          expect(node.x).toBeGreaterThanOrEqual(0);
          expect(node.y).toBeGreaterThanOrEqual(0);
          expect(node.x + node.width).toBeLessThanOrEqual(layout.width);
          expect(node.y + node.height).toBeLessThanOrEqual(layout.height);
        }
        expect(crossings(layout)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('leads to each host from its first link, or from the server itself, by level and upright lines', () => {
    const { nodes } = layOutNetwork(
      {
        hosts: hostsOf(
          [
            [4, 9],
            [0, 0],
            [1, 0],
          ],
          3,
        ),
      },
      room,
    );
    const nodeOf = (id: number | undefined) => nodes.find(({ host }) => host?.id === id) as NetworkNode;
    for (const { host, way, x, y, width, height } of nodes) {
      if (!host) continue;
      const before = nodeOf(host.first_link === host.id ? undefined : host.first_link);
      expect(way[0]).toEqual({ x: before.x + before.width, y: before.y + before.height / 2 });
      const end = way.at(-1) as { x: number; y: number };
      expect(end.x >= x && end.x <= x + width && end.y >= y && end.y <= y + height).toBe(true);
      for (const [i, point] of way.slice(1).entries())
        expect(point.x === way[i]?.x || point.y === way[i]?.y).toBe(true);
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
    const { nodes } = layOutNetwork({ hosts: [] }, room);
    expect(nodes).toMatchObject([{ host: undefined, way: [] }]);
  });
});
