/** A raw client that numbers its frames and comes back: the wire of section "Resume" and nothing else. */
import { Delivery, readNumbered } from '../../src/protocol/index.ts';
import { RawClient, type Received } from './raw-client.ts';

export class ResumableClient extends RawClient {
  readonly delivery: Delivery<string>;
  token = '';

  private constructor(url: string, delivery: Delivery<string>) {
    super(url);
    this.delivery = delivery;
  }

  /** Connects and asks for a session that can be resumed. */
  static override async connect(url: string): Promise<ResumableClient> {
    const client = new ResumableClient(`${url}?resume=1`, new Delivery());
    await client.#welcomed();
    return client;
  }

  /** Opens a new socket and asks for the session of the old one; both sides send again what is missing. */
  async comeBack(
    url: string,
    changes: { token?: string; received?: number; id?: string } = {},
  ): Promise<ResumableClient> {
    const next = new ResumableClient(`${url}?resume=back`, this.delivery);
    next.inbox.push(...this.inbox);
    next.socket.once('open', () => {
      const message = {
        type: 'resume',
        id: this.id,
        token: this.token,
        received: this.delivery.received,
        ...changes,
      };
      next.socket.send(JSON.stringify(message));
    });
    const { received } = await next.#welcomed();
    if (received === undefined) return next;
    this.delivery.confirm(Number(received));
    for (const { seq, message } of this.delivery.waiting)
      next.socket.send(`${this.delivery.headOf(seq)}${message}]`);
    return next;
  }

  /** Opens a socket to come back on, and sends nothing. */
  comeBackSilently(url: string): ResumableClient {
    return new ResumableClient(`${url}?resume=back`, this.delivery);
  }

  async #welcomed(): Promise<Received> {
    await this.until(() => this.inbox.some((message) => message.type === 'your_id'), 'your_id');
    const at = this.inbox.findIndex((message) => message.type === 'your_id');
    const [welcome] = this.inbox.splice(at, 1) as [Received];
    this.id = String(welcome.id);
    this.token = String(welcome.resume);
    return welcome;
  }

  protected override encode(message: string): string {
    return `${this.delivery.headOf(this.delivery.keep(message))}${message}]`;
  }

  protected override decode(frame: string): Received | undefined {
    const numbered = readNumbered(frame);
    if (numbered) {
      const verdict = this.delivery.accept(numbered.seq, numbered.received);
      if (verdict === 'impossible') throw new Error(`numbers that cannot be: ${frame.slice(0, 40)}`);
      return verdict === 'new' ? JSON.parse(numbered.message) : undefined;
    }
    const message: Received = JSON.parse(frame);
    if (message.type !== 'ack') return message;
    this.delivery.confirm(Number(message.received));
    return undefined;
  }
}
