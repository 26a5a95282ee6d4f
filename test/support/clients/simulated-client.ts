/** A client of simulated nodes: it sends numbered messages, and records what it hears, by pairing and by room. */
import { ReliableDelivery, readNumbered, type UnackedMessage } from '../../../src/protocol/index.ts';
import { ClientSocket, type SimulatedNode } from '../network/cluster-simulation.ts';

interface Pairing {
  readonly peer_id: string;
  readonly epoch: number;
  readonly initiator: boolean;
  /** The room that formed it. */
  readonly room?: string;
}

/** A room, as one of its members knows it. */
export interface RoomView {
  /** Including itself. */
  readonly members: Set<string>;
  leader: unknown;
  /** What it was told about each connection: nothing yet, that it is being made, or why it is missing. */
  readonly edges: Map<string, string>;
}

interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

export class SimulatedClient {
  readonly name: string;
  readonly isResumable: boolean;
  id = '';
  /** How many peers it asks for; undefined: it does not ask, and has one. */
  readonly peers: number | undefined;
  /** The pairings that it believes it has, by epoch. */
  readonly pairings = new Map<number, Pairing>();
  /** What it sent and heard in each of its pairings. */
  readonly said = new Map<number, string[]>();
  readonly heard = new Map<number, string[]>();
  isAsking = false;
  /** The offer that it sent ahead, behind its last request to be paired. */
  #ahead: { readonly seq: number; readonly text: string } | undefined;
  /** Its current or last node. */
  node: SimulatedNode | undefined;
  /** How often it was told that it is no longer a member, because others had joined before it. */
  evictions = 0;
  /** The rooms that it believes it is a member of, by name. */
  readonly rooms = new Map<string, RoomView>();
  #delivery = new ReliableDelivery<string>();
  #token = '';
  #socket: ClientSocket | undefined;
  #isWelcome = false;
  /** By pairing, if it is told which. */
  readonly #lastSenderSeqs = new Map<number | undefined, number>();
  #serial = 0;

  constructor(name: string, isResumable: boolean, peers?: number) {
    this.name = name;
    this.isResumable = isResumable;
    this.peers = peers;
  }

  /** The only pairing of a client that has no more than one. */
  get pairing(): Pairing | undefined {
    return [...this.pairings.values()][0];
  }

  connect(node: SimulatedNode): void {
    this.#isWelcome = false;
    this.node = node;
    const kind = !this.isResumable ? 'plain' : this.id === '' ? 'resumable' : 'back';
    this.flush();
    const old = this.#socket;
    const socket: ClientSocket = new ClientSocket(node, kind, this.peers, (frame) => {
      // The first frame arrives before the constructor returns.
      if (this.#socket === old || this.#socket === socket) this.#received(frame);
    });
    this.#socket = socket;
    if (kind !== 'back') return;
    const { received, first } = this.#delivery;
    const { pairing } = this;
    const claims =
      this.peers === undefined ? pairing && { pairing } : { pairings: [...this.pairings.values()] };
    const resume = { type: 'resume', id: this.id, token: this.#token, received, first, ...claims };
    socket.send(JSON.stringify(resume));
  }

  get isConnected(): boolean {
    return this.#isWelcome && this.#socket?.isOpen === true;
  }

  /** Delivers what it has sent. */
  flush(): void {
    this.#socket?.flush();
  }

  get isCut(): boolean {
    return this.#socket?.isOpen === false;
  }

  /** Its network fails; client and server both notice. */
  drop(): void {
    this.flush();
    this.#socket?.close(1006);
  }

  /** Its node is gone, and notices nothing. */
  cut(): void {
    this.#socket?.cut();
  }

  /** @param create the room's options, if it does not exist yet */
  join(room: string, create: object): void {
    this.#send({ type: 'join_room', room, create });
  }

  leave(room: string): void {
    this.#send({ type: 'leave_room', room });
  }

  /** A client that can resume sends its offer ahead, every second time. */
  ask(target: SimulatedClient): void {
    this.#serial += 1;
    const text = `${this.name} offers ${this.#serial}`;
    const request = this.#send({ type: 'pair_request', target_id: target.id })?.seq;
    const isOffering = request !== undefined && this.#serial % 2 === 0;
    const kept = isOffering ? this.#send({ type: 'offer', sdp: text, request }) : undefined;
    this.#ahead = kept && { seq: kept.seq, text };
    this.isAsking = true;
  }

  askByKey(key: string): void {
    this.#send({ type: 'pair_request', key });
    this.isAsking = true;
  }

  /** @param which of its pairings, if it has any */
  unpair(which = 0): void {
    const epoch = this.#epochOf(which);
    if (epoch === undefined) return;
    this.#send({ type: 'unpair', epoch });
    this.pairings.delete(epoch);
  }

  /** @param which of its pairings, if it has any */
  say(which = 0): void {
    const epoch = this.#epochOf(which);
    if (epoch === undefined) return;
    this.#serial += 1;
    const text = `${this.name} ${this.#serial}`;
    this.said.set(epoch, [...(this.said.get(epoch) ?? []), text]);
    this.#send({ type: 'candidate', candidate: { candidate: text }, epoch });
  }

  #epochOf(which: number): number | undefined {
    const epochs = [...this.pairings.keys()];
    return epochs[which % epochs.length];
  }

  #send(message: object): UnackedMessage<string> | undefined {
    const text = JSON.stringify(message);
    if (!this.isResumable) {
      this.#socket?.send(text);
      return undefined;
    }
    const kept = this.#delivery.keep(text);
    if (this.isConnected)
      this.#socket?.send(this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept));
    return kept;
  }

  #received(frame: string): void {
    const numbered = readNumbered(frame);
    if (numbered) {
      const { senderSeq } = numbered;
      const verdict = this.#delivery.accept(numbered.seq, numbered.acked);
      if (verdict === 'impossible') throw new Error(`${this.name}: numbers that cannot be`);
      if (this.#delivery.shouldAck) this.#socket?.send(JSON.stringify(this.#delivery.ackMessage()));
      const message = JSON.parse(numbered.message) as Message;
      if (verdict === 'new' && this.#isFirstOfSender(message, senderSeq)) this.#handle(message);
    } else this.#handle(JSON.parse(frame) as Message);
  }

  /** Each peer has its own numbers. */
  #isFirstOfSender({ epoch }: Message, senderSeq: number | undefined): boolean {
    if (senderSeq === undefined) return true;
    const of = this.peers === undefined ? undefined : Number(epoch);
    if (senderSeq <= (this.#lastSenderSeqs.get(of) ?? 0)) return false;
    this.#lastSenderSeqs.set(of, senderSeq);
    return true;
  }

  #handle(message: Message): void {
    switch (message.type) {
      case 'your_id':
        this.#welcomed(message);
        return;
      case 'paired':
        this.#paired(message);
        return;
      case 'peer_disconnected':
        for (const { peer_id, epoch } of this.pairings.values())
          if (peer_id === message.peer_id && (this.peers === undefined || epoch === message.epoch))
            this.pairings.delete(epoch);
        return;
      case 'candidate': {
        const { candidate } = message.candidate as { candidate: string };
        this.#hears(message.epoch, candidate);
        return;
      }
      case 'offer':
        this.#hears(message.epoch, String(message.sdp));
        return;
      case 'error':
        if (message.for === 'pair_request') {
          this.isAsking = false;
          this.#ahead = undefined;
        }
        // It is in one room at most.
        if (message.for === 'join_room') this.rooms.clear();
        return;
      case 'room_joined':
      case 'peer_joined':
      case 'peer_left':
      case 'leader':
      case 'edge':
        this.#heardOfRoom(message);
        return;
      case 'ack':
        this.#delivery.ack(Number(message.received));
        return;
      case 'ping':
        this.#socket?.send(JSON.stringify({ type: 'pong' }));
        return;
    }
  }

  #hears(epoch: unknown, text: string): void {
    this.heard.set(Number(epoch), [...(this.heard.get(Number(epoch)) ?? []), text]);
  }

  /**
   * The offer that was sent ahead is the first that it says in the pairing, and a server that comes after a dead one gets
   * it with the epoch. If it was not taken, it is sent again.
   */
  #offers(epoch: number, request: unknown): void {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (!ahead) return;
    if (request !== undefined && request !== ahead.seq - 1)
      throw new Error(`${this.name}: a request ${request} was answered that it did not make`);
    this.said.set(epoch, [ahead.text]);
    const message = { type: 'offer', sdp: ahead.text, epoch };
    if (request === undefined) this.#send(message);
    else this.#delivery.replace(ahead.seq, JSON.stringify(message));
  }

  #heardOfRoom({ type, room, peers, peer, id, leader, state, reason }: Message): void {
    const name = String(room);
    const view = this.rooms.get(name);
    switch (type) {
      case 'room_joined': {
        const members = new Set([this.id, ...(peers as { id: string }[]).map((one) => one.id)]);
        this.rooms.set(name, { members, leader, edges: view?.edges ?? new Map() });
        return;
      }
      case 'peer_joined':
        view?.members.add((peer as { id: string }).id);
        return;
      case 'leader':
        if (view) view.leader = id;
        return;
      case 'edge':
        view?.edges.set(String(id), state === 'missing' ? String(reason) : String(state));
        return;
      case 'peer_left':
        if (id === this.id && reason === 'full') this.evictions += 1;
        if (id === this.id) this.rooms.delete(name);
        view?.members.delete(String(id));
        view?.edges.delete(String(id));
    }
  }

  #paired({ peer_id, epoch, initiator, room, request }: Message): void {
    this.#lastSenderSeqs.delete(undefined);
    if (this.peers === undefined) this.pairings.clear();
    // With several peers, another one may have asked meanwhile.
    if (this.peers === undefined || initiator === true) this.isAsking = false;
    const pairing = {
      peer_id: String(peer_id),
      epoch: Number(epoch),
      initiator: initiator === true,
      ...(room !== undefined && { room: String(room) }),
    };
    this.pairings.set(pairing.epoch, pairing);
    if (pairing.initiator && room === undefined) this.#offers(pairing.epoch, request);
  }

  #welcomed({ id, resume, received, restarted }: Message): void {
    const isOld = id === this.id && received !== undefined;
    this.id = String(id);
    this.#token = String(resume ?? '');
    this.#isWelcome = true;
    if (!isOld) {
      this.#delivery = new ReliableDelivery();
      this.pairings.clear();
      this.rooms.clear();
      this.isAsking = false;
      this.#ahead = undefined;
      return;
    }
    if (restarted) this.#delivery.restart();
    for (const kept of this.#delivery.unacked)
      this.#socket?.send(this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept));
    // Room messages for it may be lost with its node: a member that joins again is told everything.
    if (restarted) for (const room of this.rooms.keys()) this.join(room, { topology: 'mesh' });
  }
}
