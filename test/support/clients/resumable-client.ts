/** A raw client that numbers its frames and comes back: exactly the wire of the section "Resume". */
import { ReliableDelivery, readNumbered, type UnackedMessage } from '../../../src/protocol/index.ts';
import { type Bringing, MARK, RawClient, type Received } from './raw-client.ts';

export class ResumableClient extends RawClient {
  delivery: ReliableDelivery<string>;
  #isLeft = false;
  /** How many peers it asks for. */
  #peers: number | undefined;
  token = '';
  /** By pairing, if it is told which: the sender seq of the last relayed frame. */
  readonly #lastSenderSeqs = new Map<unknown, number>();
  /** The pairing that it claims to a server that has lost it. */
  pairing?: { peer_id: string; epoch: number; initiator: boolean; room?: string };
  /** The same for a client that may have several peers. */
  pairings?: { peer_id: string; epoch: number; initiator: boolean }[];

  readonly #bringing: Bringing;

  private constructor(url: string, delivery: ReliableDelivery<string>, bringing: Bringing = {}) {
    super(url, bringing);
    this.#bringing = bringing;
    this.delivery = delivery;
  }

  /** Connects and asks for a resumable session. */
  static override async connect(
    url: string,
    how: Bringing & { query?: string; peers?: number } = {},
  ): Promise<ResumableClient> {
    const query = (how.query ?? 'resume=1') + said(how.peers);
    const client = new ResumableClient(`${url}?${query}`, new ReliableDelivery(), how);
    client.#peers = how.peers;
    await client.#welcomed();
    return client;
  }

  /** What was answered is not asked again when it comes back. */
  override async settled(): Promise<void> {
    await super.settled();
    for (const { seq, message } of this.delivery.unacked)
      if (message === MARK) this.delivery.replace(seq, JSON.stringify({ type: 'pong' }));
  }

  /** Opens a new socket and resumes the old one's session; both sides resend what is missing. */
  async comeBack(
    url: string,
    changes: {
      token?: string;
      received?: number;
      id?: string;
      unacked?: number;
      unacked_bytes?: number;
    } = {},
    bringing = this.#bringing,
  ): Promise<ResumableClient> {
    const next = new ResumableClient(`${url}?resume=back${said(this.#peers)}`, this.delivery, bringing);
    next.#peers = this.#peers;
    // What the old socket still receives no longer belongs to this client.
    this.#isLeft = true;
    next.inbox.push(...this.inbox);
    next.socket.once('open', () => this.#askAt(next, changes));
    for (const [epoch, senderSeq] of this.#lastSenderSeqs) next.#lastSenderSeqs.set(epoch, senderSeq);
    if (this.pairing) next.pairing = this.pairing;
    if (this.pairings) next.pairings = this.pairings;
    const { received } = await next.#welcomed();
    if (received === undefined) return next;
    for (const kept of next.delivery.unacked) next.socket.send(this.#frame(kept));
    return next;
  }

  /** Opens a socket and asks for its session there, without waiting for the answer. */
  async knock(url: string): Promise<ResumableClient> {
    const next = this.comeBackSilently(url);
    await next.opened();
    this.#askAt(next);
    return next;
  }

  #askAt({ socket }: RawClient, changes: object = {}): void {
    const { id, token, pairing, pairings } = this;
    const { received, first, unacked } = this.delivery;
    const waiting = {
      unacked: unacked.length,
      unacked_bytes: Buffer.byteLength(unacked.map((kept) => kept.message).join('')),
    };
    const own = { ...(pairing && { pairing }), ...(pairings && { pairings }) };
    const message = { type: 'resume', id, token, received, first, ...own, ...waiting, ...changes };
    socket.send(JSON.stringify(message));
  }

  /** Comes back on a socket that is lost with the answer. @returns the answer, which this client does not know */
  async comeBackUnheard(url: string): Promise<Received> {
    const lost = RawClient.dial(`${url}?resume=back`);
    await lost.opened();
    this.#askAt(lost);
    const answer = await lost.next('your_id');
    lost.socket.terminate();
    return answer;
  }

  /** Opens a socket to come back on, and sends nothing. */
  comeBackSilently(url: string): ResumableClient {
    const next = new ResumableClient(`${url}?resume=back${said(this.#peers)}`, this.delivery);
    next.#peers = this.#peers;
    return next;
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
    return this.#frame(this.delivery.keep(message));
  }

  #frame(kept: UnackedMessage<string>): string {
    return this.delivery.headOf(kept) + kept.message + this.delivery.tailOf(kept);
  }

  protected override decode(frame: string): Received | undefined {
    if (this.#isLeft) return undefined;
    const numbered = readNumbered(frame);
    if (numbered) {
      const verdict = this.delivery.accept(numbered.seq, numbered.acked);
      if (verdict === 'impossible') throw new Error(`numbers that cannot be: ${frame.slice(0, 40)}`);
      if (verdict !== 'new') return undefined;
      const message: Received = JSON.parse(numbered.message);
      if (message.type === 'paired')
        this.#lastSenderSeqs.delete(this.#peers === undefined ? undefined : message.epoch);
      return this.#isFirstOfSender(message, numbered.senderSeq) ? message : undefined;
    }
    const message: Received = JSON.parse(frame);
    // Done at once, because the following frames are numbered from 1 again.
    if (message.restarted) this.delivery.restart();
    if (message.type === 'your_id' && message.received === undefined) this.delivery = new ReliableDelivery();
    if (message.type !== 'ack') return message;
    this.delivery.ack(Number(message.received));
    return undefined;
  }

  /** Each peer has its own numbers. */
  #isFirstOfSender({ epoch }: Received, senderSeq: number | undefined): boolean {
    if (senderSeq === undefined) return true;
    const of = this.#peers === undefined ? undefined : epoch;
    if (senderSeq <= (this.#lastSenderSeqs.get(of) ?? 0)) return false;
    this.#lastSenderSeqs.set(of, senderSeq);
    return true;
  }
}

function said(peers: number | undefined): string {
  return peers === undefined ? '' : `&peers=${peers}`;
}
