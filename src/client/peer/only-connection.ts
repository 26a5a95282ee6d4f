/** Calls on a peer's only connection that do not name it; callers that come too early wait for the next pairing. */
import { abortable } from './abortable.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { PairlaneError } from './errors.ts';
import type { ServerLink } from './server-link.ts';

interface Waiter {
  readonly channel: string;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (error: PairlaneError) => void;
}

export class OnlyConnection {
  /** The label of the channel to use if none is given. */
  readonly firstChannel: string;
  readonly #channels: readonly string[];
  readonly #connections: Connections;
  readonly #link: Pick<ServerLink, 'state'>;
  #waiting: Waiter[] = [];
  /** Set when the peer is closed. */
  #ending: PairlaneError | undefined;

  constructor(
    channels: readonly [{ label: string }, ...{ label: string }[]],
    connections: Connections,
    link: Pick<ServerLink, 'state'>,
  ) {
    this.firstChannel = channels[0].label;
    this.#channels = channels.map(({ label }) => label);
    this.#connections = connections;
    this.#link = link;
  }

  /** Whether the first channel is open. */
  get isOpen(): boolean {
    return this.#connections.only?.isOpen === true;
  }

  opened(channel: string, signal?: AbortSignal): Promise<void> {
    const { only, size } = this.#connections;
    if (only?.isOpen && channel === this.firstChannel) return Promise.resolve();
    const obstacle = this.#ending ?? this.#obstacle(channel);
    if (obstacle) return Promise.reject(obstacle);
    if (only && only.state !== 'draining') return only.opened(channel, { signal });
    const isWithoutServer = size === 0 && this.#link.state === 'disconnected';
    if (isWithoutServer) return Promise.reject(new PairlaneError('signaling_failed'));
    const waiter: Waiter = { channel, signal, resolve: () => {}, reject: () => {} };
    return abortable(
      signal,
      () =>
        new Promise((resolve, reject) => {
          this.#waiting.push(Object.assign(waiter, { resolve, reject }));
        }),
      (error) => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        waiter.reject(error);
      },
    );
  }

  send(data: string | Uint8Array, channel: string, signal?: AbortSignal): Promise<void> {
    const obstacle = this.#obstacle(channel);
    if (obstacle) return Promise.reject(obstacle);
    return (
      this.#connections.only?.send(data, channel, { signal }) ?? Promise.reject(new PairlaneError('not_open'))
    );
  }

  signal(data: unknown): void {
    const { only, size } = this.#connections;
    if (!only) throw new PairlaneError(size > 1 ? 'several_connections' : 'not_paired');
    only.signal(data);
  }

  /** Callers that waited for a pairing now wait for its channels. */
  paired(connection: Connection): void {
    for (const { channel, signal, resolve, reject } of this.#waiting.splice(0)) {
      connection.opened(channel, { signal }).then(resolve, reject);
    }
  }

  /** There will be no next pairing. */
  fail(error: PairlaneError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** The peer is closed. */
  end(error: PairlaneError): void {
    this.#ending = error;
    this.fail(error);
  }

  #obstacle(channel: string): PairlaneError | undefined {
    if (!this.#channels.includes(channel)) return new PairlaneError('unknown_channel');
    return this.#connections.size > 1 ? new PairlaneError('several_connections') : undefined;
  }
}
