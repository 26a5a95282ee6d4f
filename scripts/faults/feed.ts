/** The inspector's feed, without the page. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { InspectMessage, InspectRequest, ListRow, PairingRecord } from '../../src/protocol/index.ts';

type Of<Type extends InspectMessage['type']> = Extract<InspectMessage, { type: Type }>;

export class Feed {
  readonly #socket: WebSocket;
  readonly #inbox: InspectMessage[] = [];
  #seq = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#inbox.push(JSON.parse(String(data))));
  }

  static async open(port: number): Promise<Feed> {
    const feed = new Feed(new WebSocket(`ws://127.0.0.1:${port}/inspect/feed`));
    await once(feed.#socket, 'open');
    return feed;
  }

  /** All pairings, newest first. */
  async pairings(): Promise<readonly ListRow[]> {
    this.#seq += 1;
    const seq = this.#seq;
    this.#send({ type: 'list', seq, of: 'pairing', query: '', state: '', sort: 'newest', offset: 0 });
    return (await this.#next('list', (answer) => answer.seq === seq)).rows;
  }

  async record(epoch: number): Promise<PairingRecord> {
    this.#send({ type: 'watch', epoch });
    return (await this.#next('record', ({ record }) => record.header.epoch === epoch)).record;
  }

  /** The latest steps of that session. */
  async trail(id: string): Promise<PairingRecord> {
    this.#send({ type: 'trail', id });
    return (await this.#next('record', ({ record }) => record.header.kind === 'session')).record;
  }

  /** Waits until a refusal of that kind is reported while this feed is open. */
  async refused(kind: string): Promise<void> {
    await this.#next('refusals', ({ kinds }) => kinds.some((each) => each.kind === kind && each.lately > 0));
  }

  close(): void {
    this.#socket.terminate();
  }

  #send(request: InspectRequest): void {
    this.#socket.send(JSON.stringify(request));
  }

  async #next<Type extends InspectMessage['type']>(
    type: Type,
    fits: (message: Of<Type>) => boolean,
  ): Promise<Of<Type>> {
    for (;;) {
      const found = this.#inbox
        .splice(0)
        .find((message) => message.type === type && fits(message as Of<Type>));
      if (found) return found as Of<Type>;
      await once(this.#socket, 'message', { signal: AbortSignal.timeout(60_000) });
    }
  }
}
