/** Small charts of how a connection is doing: round trip, loss, buffered data. */
import type { PairingRecord } from '../../protocol/inspect/inspect-messages.ts';
import { type FlowPoint, flowsIn } from '../records/flows.ts';
import { h, svg } from './dom.ts';

const [WIDTH, HEIGHT] = [160, 28];
const sides = [
  ['initiator', 'A'],
  ['responder', 'B'],
] as const;
const measures = [
  ['Round trip', ({ rtt_ms }: FlowPoint) => rtt_ms ?? 0, (value: number) => `${value} ms`],
  ['Loss', ({ loss }: FlowPoint) => loss, (value: number) => `${value} %`],
  ['Waiting', ({ buffered }: FlowPoint) => buffered, (value: number) => `${value.toLocaleString('en')} B`],
] as const;

/** @returns undefined if neither side has reported anything */
export function sparklines(record: PairingRecord): HTMLElement | undefined {
  const flows = flowsIn(record);
  if (flows.size === 0) return undefined;
  return h(
    'table',
    { class: 'flows' },
    h('caption', {}, 'How it goes, every five seconds while somebody looks'),
    h('thead', {}, h('tr', {}, h('td', {}), ...measures.map(([name]) => h('th', { scope: 'col' }, name)))),
    h(
      'tbody',
      {},
      ...sides.map(([side, name]) => {
        const points = flows.get(side) ?? [];
        return h(
          'tr',
          {},
          h('th', { scope: 'row' }, name),
          ...measures.map(([measure, read, words]) => {
            const values = points.map(read);
            const last = values.at(-1);
            return h(
              'td',
              {},
              ...(last === undefined
                ? ['–']
                : [
                    line(values, `${measure} of ${name}, at most ${words(Math.max(...values))}`),
                    words(last),
                  ]),
            );
          }),
        );
      }),
    ),
  );
}

function line(values: readonly number[], label: string): SVGElement {
  const most = Math.max(1, ...values);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map(
    (value, i) => `${(i * step).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`,
  );
  return svg(
    'svg',
    {
      class: 'spark',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      // As wide as its cell, and the line as thick as everywhere.
      preserveAspectRatio: 'none',
      height: HEIGHT,
      role: 'img',
      'aria-label': label,
    },
    svg('polyline', {
      points: points.length > 1 ? points.join(' ') : `0,${HEIGHT / 2} ${WIDTH},${HEIGHT / 2}`,
    }),
  );
}
