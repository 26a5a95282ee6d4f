/**
 * Whether a load balancer should send clients here. `/healthz` says that the process runs; this says that it wants
 * clients and, if not, why. Each reason is a line in the table, set and cleared by the part that knows of it.
 */
import { type Answer, NOT_KEPT, serveGet, TEXT } from './answer.ts';
import type { App } from './shell/shell.ts';

const messages = {
  draining: 'the server is restarting and takes no new clients',
  out_of_descriptors: 'the process has no file descriptors left for new connections',
  bus_away: 'the bus between the nodes is away',
} as const;

export type UnreadyReason = keyof typeof messages;

export class Readiness {
  readonly #reasons = new Set<UnreadyReason>();

  get isDraining(): boolean {
    return this.#reasons.has('draining');
  }

  add(reason: UnreadyReason): void {
    this.#reasons.add(reason);
  }

  remove(reason: UnreadyReason): void {
    this.#reasons.delete(reason);
  }

  /** For the metrics: 1 for each reason that applies. */
  *counts(): Iterable<[UnreadyReason, number]> {
    for (const reason of Object.keys(messages) as UnreadyReason[])
      yield [reason, this.#reasons.has(reason) ? 1 : 0];
  }

  addRoutes(app: App): void {
    serveGet(app, '/readyz', () => this.answer());
  }

  /** What a load balancer is told. */
  answer(): Answer {
    const reasons = [...this.#reasons];
    return {
      ...(reasons.length > 0 && { status: '503 Service Unavailable' }),
      headers: [TEXT, NOT_KEPT],
      body: reasons.map((reason) => `not ready: ${messages[reason]} (${reason})\n`).join('') || 'ready\n',
    };
  }
}
