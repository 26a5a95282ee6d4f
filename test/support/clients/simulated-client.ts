/** A client of simulated nodes: it says numbered things, and notes what it hears, by pairing. */
import { ReliableDelivery, readNumbered } from '../../../src/protocol/index.ts';
import { type SimulatedNode, SimulatedSocket } from '../network/cluster-simulation.ts';

interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

export class SimulatedClient {
  readonly name: string;
  readonly isResumable: boolean;
  id = '';
  /** What it thinks that it is in. */
  pairing: { peer_id: string; epoch: number; initiator: boolean } | undefined;
  /** What it said, and what it heard, in each of its pairings. */
  readonly said = new Map<number, string[]>();
  readonly heard = new Map<number, string[]>();
  isAsking = false;
  #delivery = new ReliableDelivery<string>();
  #token = '';
  #socket: SimulatedSocket | undefined;
  #isWelcome = false;
  #lastSenderSeq = 0;
  #serial = 0;

  constructor(name: string, isResumable: boolean) {
    this.name = name;
    this.isResumable = isResumable;
  }

  connect(node: SimulatedNode): void {
    this.#isWelcome = false;
    const kind = !this.isResumable ? 'plain' : this.id === '' ? 'resumable' : 'back';
    this.flush();
    const old = this.#socket;
    const socket: SimulatedSocket = new SimulatedSocket(node, kind, undefined, (frame) => {
      // The first frame comes before the constructor returns.
      if (this.#socket === old || this.#socket === socket) this.#received(frame);
    });
    this.#socket = socket;
    if (kind !== 'back') return;
    const { received, first } = this.#delivery;
    const pairing = this.pairing && { pairing: this.pairing };
    const resume = { type: 'resume', id: this.id, token: this.#token, received, first, ...pairing };
    socket.send(JSON.stringify(resume));
  }

  get isConnected(): boolean {
    return this.#isWelcome && this.#socket?.isOpen === true;
  }

  /** What it has sent arrives. */
  flush(): void {
    this.#socket?.flush();
  }

  get isCut(): boolean {
    return this.#socket?.isOpen === false;
  }

  /** The network is gone; the client knows, the server hears of it. */
  drop(): void {
    this.flush();
    this.#socket?.close(1006);
  }

  ask(target: SimulatedClient): void {
    this.#send({ type: 'pair_request', target_id: target.id });
    this.isAsking = true;
  }

  unpair(): void {
    this.#send({ type: 'unpair', epoch: this.pairing?.epoch });
    this.pairing = undefined;
  }

  say(): void {
    if (!this.pairing) return;
    const { epoch } = this.pairing;
    this.#serial += 1;
    const text = `${this.name} ${this.#serial}`;
    this.said.set(epoch, [...(this.said.get(epoch) ?? []), text]);
    this.#send({ type: 'candidate', candidate: { candidate: text }, epoch });
  }

  #send(message: object): void {
    const text = JSON.stringify(message);
    if (!this.isResumable) {
      this.#socket?.send(text);
      return;
    }
    const kept = this.#delivery.keep(text);
    if (this.isConnected)
      this.#socket?.send(this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept));
  }

  #received(frame: string): void {
    const numbered = readNumbered(frame);
    if (numbered) {
      const { senderSeq } = numbered;
      const verdict = this.#delivery.accept(numbered.seq, numbered.acked);
      if (verdict === 'impossible') throw new Error(`${this.name}: numbers that cannot be`);
      if (this.#delivery.shouldAck) this.#socket?.send(JSON.stringify(this.#delivery.ackMessage()));
      if (verdict !== 'new' || (senderSeq !== undefined && senderSeq <= this.#lastSenderSeq)) return;
      this.#lastSenderSeq = senderSeq ?? this.#lastSenderSeq;
    }
    this.#handle(JSON.parse(numbered?.message ?? frame) as Message);
  }

  #handle(message: Message): void {
    switch (message.type) {
      case 'your_id':
        this.#welcomed(message);
        return;
      case 'paired':
        this.#lastSenderSeq = 0;
        this.isAsking = false;
        this.pairing = {
          peer_id: String(message.peer_id),
          epoch: Number(message.epoch),
          initiator: message.initiator === true,
        };
        return;
      case 'peer_disconnected':
        if (this.pairing?.peer_id === message.peer_id) this.pairing = undefined;
        return;
      case 'candidate': {
        const epoch = Number(message.epoch);
        const { candidate } = message.candidate as { candidate: string };
        this.heard.set(epoch, [...(this.heard.get(epoch) ?? []), candidate]);
        return;
      }
      case 'error':
        if (message.for === 'pair_request') this.isAsking = false;
        return;
      case 'ack':
        this.#delivery.ack(Number(message.received));
        return;
      case 'ping':
        this.#socket?.send(JSON.stringify({ type: 'pong' }));
        return;
    }
  }

  #welcomed({ id, resume, received, restarted }: Message): void {
    const isOld = id === this.id && received !== undefined;
    this.id = String(id);
    this.#token = String(resume ?? '');
    this.#isWelcome = true;
    if (!isOld) {
      this.#delivery = new ReliableDelivery();
      this.pairing = undefined;
      this.isAsking = false;
      return;
    }
    if (restarted) this.#delivery.restart();
    for (const kept of this.#delivery.unacked)
      this.#socket?.send(this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept));
  }
}
