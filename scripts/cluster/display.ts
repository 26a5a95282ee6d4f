/** What is seen of the cluster: on a terminal a block of lines that is written anew in its place, elsewhere the events. */
import type { Verdict } from '../../bench/support/history.ts';
import type { FleetCounts } from '../../src/client/fleet.ts';
import type { NodeCounts } from './scene.ts';

export interface NodeView {
  readonly number: number;
  readonly isRunning: boolean;
  readonly counts: NodeCounts | undefined;
  /** Light clients that are connected to it. */
  readonly clients: number;
  readonly page: string;
}

export interface View {
  readonly seconds: number;
  readonly broker: { readonly url: string; readonly isRunning: boolean };
  readonly nodes: readonly NodeView[];
  readonly light: Verdict & { readonly connected: number; readonly across: number };
  readonly bots: FleetCounts & { readonly asked: number };
}

const SHOWN_EVENTS = 10;

const number = (value: number) => value.toLocaleString('en');
const time = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

export class Display {
  readonly events: { readonly at: string; readonly what: string }[] = [];
  readonly #out: NodeJS.WriteStream | undefined;
  readonly #startedAt = performance.now();
  #lines = 0;

  /** @param out undefined: nothing is shown */
  constructor(out: NodeJS.WriteStream | undefined) {
    this.#out = out;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  tell(what: string): void {
    const event = { at: time(this.seconds), what };
    this.events.push(event);
    if (this.#out && !this.#out.isTTY) this.#out.write(`${event.at.padStart(6)}  ${what}\n`);
  }

  show(view: View): void {
    if (!this.#out?.isTTY) return;
    const width = this.#out.columns || 100;
    const lines = [
      ...linesOf(view),
      '',
      ...this.events.slice(-SHOWN_EVENTS).map(({ at, what }) => `${at.padStart(6)}  ${what}`),
    ];
    const up = this.#lines > 0 ? `\x1b[${this.#lines}A\r` : '';
    this.#out.write(`${up}${lines.map((line) => `${line.slice(0, width - 1)}\x1b[K\n`).join('')}\x1b[J`);
    this.#lines = lines.length;
  }
}

/** A line each for the cluster, its nodes and what is said on it. */
export function linesOf({ seconds, broker, nodes, light, bots }: View): string[] {
  const state = broker.isRunning ? broker.url : 'NATS is down';
  return [
    `Pairlane: ${nodes.length} nodes on ${state}, for ${time(seconds)}. Ctrl+C ends it.`,
    '',
    '  node  state  sessions  pairings  clients  page',
    ...nodes.map(({ number: n, isRunning, counts, clients, page }) => {
      const cells = [counts?.sessions, counts?.pairings, clients].map((cell) =>
        String(cell ?? '–').padStart(8),
      );
      return `  ${String(n).padEnd(6)}${(isRunning ? 'up' : 'DOWN').padEnd(5)}${cells.join('  ')}  ${page}`;
    }),
    '',
    `  light clients  ${light.connected} of ${2 * light.pairs} connected; ${light.pairs} pairs, ${light.across} across nodes`,
    `                 ${number(light.sent)} said, ${number(light.received)} heard, ${faults(light)}`,
    ...(bots.asked > 0
      ? [
          `  real bots      ${bots.pairs} of ${bots.asked} pairs with a data channel, ${number(bots.sent)} sent, ${number(bots.received)} received`,
        ]
      : []),
  ];
}

export function faults({ lost, doubled, outOfOrder, endedPairings }: Verdict): string {
  return `lost ${lost}, doubled ${doubled}, out of order ${outOfOrder}, pairings ended ${endedPairings}`;
}
