/**
 * The display of the cluster: on a terminal a block of lines that is redrawn in place, elsewhere one line per event.
 */

import type { FleetCounts } from '../../src/client/commands/fleet.ts';
import { wrap } from '../../src/common/wrap-text.ts';
import type { Verdict } from '../../tools/history.ts';
import type { NodeCounts } from './demo-cluster.ts';

export interface NodeView {
  readonly number: number;
  readonly isRunning: boolean;
  readonly counts: NodeCounts | undefined;
  /** Light clients connected to it. */
  readonly clients: number;
  readonly page: string;
}

export interface View {
  readonly broker: { readonly url: string; readonly isRunning: boolean };
  readonly nodes: readonly NodeView[];
  readonly light: Verdict & { readonly connected: number; readonly across: number };
  readonly bots: FleetCounts & { readonly asked: number };
}

/** Machine-readable details of an event, in addition to its text. */
export type Details = Readonly<Record<string, unknown>>;

const MAX_EVENT_LINES = 14;
/** The cursor's line, and one more so that nothing scrolls while the block is written. */
const SPARE_LINES = 2;
const TIME_WIDTH = 8;
const LABEL_WIDTH = 17;

const number = (value: number) => value.toLocaleString('en');
const clock = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

export class Display {
  readonly #out: NodeJS.WriteStream;
  readonly #isJson: boolean;
  readonly #startedAt = performance.now();
  /** Whether the block is on the terminal; later events are then part of it. */
  #isDrawn = false;
  readonly #events: { readonly at: string; readonly text: string }[] = [];
  #drawnLines = 0;

  /** @param isJson writes every event as one JSON object per line, and nothing else */
  constructor(out: NodeJS.WriteStream, isJson: boolean) {
    this.#out = out;
    this.#isJson = isJson;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  tell(event: string, text: string, details: Details = {}): void {
    const at = clock(this.seconds);
    this.#events.push({ at, text });
    if (this.#isJson) {
      const line = { event, at: Math.round(this.seconds * 1_000) / 1_000, text, ...details };
      this.#out.write(`${JSON.stringify(line)}\n`);
    } else if (!this.#out.isTTY || !this.#isDrawn) this.#out.write(`${at.padStart(6)}  ${text}\n`);
  }

  show(view: View): void {
    if (this.#isJson || !this.#out.isTTY) return;
    this.#isDrawn = true;
    const { columns = 80, rows = 24 } = this.#out;
    const head = linesOf(view, this.seconds, columns - 1);
    const room = Math.max(1, Math.min(MAX_EVENT_LINES, rows - head.length - SPARE_LINES));
    const events = this.#events.flatMap(({ at, text }) =>
      wrap(`${at.padStart(TIME_WIDTH - 2)}  ${text}`, columns - 1, TIME_WIDTH),
    );
    const lines = [...head, ...events.slice(-room)];
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A\r` : '';
    this.#out.write(`${up}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
    this.#drawnLines = lines.length;
  }
}

/** The cluster, its nodes and their traffic. */
export function linesOf({ broker, nodes, light, bots }: View, seconds: number, width: number): string[] {
  const state = broker.isRunning ? broker.url : 'NATS, which is DOWN';
  const about = (label: string, text: string) =>
    wrap(`  ${label.padEnd(LABEL_WIDTH - 2)}${text}`, width, LABEL_WIDTH);
  return [
    ...wrap(`Pairlane: ${nodes.length} nodes on ${state}, for ${clock(seconds)}. Ctrl+C ends it.`, width),
    '',
    '  node  state  sessions  pairings  clients  inspector',
    ...nodes.map(({ number: n, isRunning, counts, clients, page }) => {
      const cells = [
        String(counts?.sessions ?? '–').padStart(8),
        String(counts?.pairings ?? '–').padStart(8),
        String(clients).padStart(7),
      ];
      return `  ${String(n).padEnd(6)}${(isRunning ? 'up' : 'DOWN').padEnd(5)}  ${cells.join('  ')}  ${page}`;
    }),
    '',
    ...about(
      'light clients',
      `${light.connected} of ${2 * light.pairs} connected; ${light.pairs} pairs, ${light.across} across nodes; ` +
        `${number(light.sent)} said, ${number(light.received)} heard`,
    ),
    ...(bots.asked > 0
      ? about(
          'real bots',
          `${bots.pairs} of ${bots.asked} pairs with a data channel; ${number(bots.sent)} said, ${number(bots.received)} heard`,
        )
      : []),
    ...about('until now', faults(light)),
    '',
  ];
}

export function faults({ lost, doubled, outOfOrder, endedPairings }: Verdict): string {
  return `lost ${lost}, doubled ${doubled}, out of order ${outOfOrder}, pairings ended ${endedPairings}`;
}
