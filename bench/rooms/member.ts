/**
 * A room member for load: the native wire on a bare `ws`, signaling only. It offers and answers like a client, reports
 * each pairing as connected, and keeps what the server says about its edges. When it loses its socket, it joins again.
 */
import { WebSocket } from 'ws';

interface Message {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Edge {
  readonly state: 'connecting' | 'connected' | 'missing';
  readonly reason: string | undefined;
}

/** About the size of real descriptions and candidates. */
const SDP = 'x'.repeat(1_500);
const CANDIDATE = { candidate: 'x'.repeat(120), sdpMid: '0', sdpMLineIndex: 0 };
const CANDIDATES = 3;
const BACK_AFTER_MS = 200;

export class Member {
  id = '';
  /** The other members, as told by the server. */
  readonly others = new Set<string>();
  readonly edges = new Map<string, Edge>();
  readonly #room: string;
  readonly #size: number;
  readonly #chooseUrl: () => string;
  readonly #changed: () => void;
  #socket: WebSocket | undefined;
  #isClosed = false;

  /** @param changed called whenever an edge or a member changed */
  constructor(room: string, size: number, chooseUrl: () => string, changed: () => void) {
    this.#room = room;
    this.#size = size;
    this.#chooseUrl = chooseUrl;
    this.#changed = changed;
  }

  connect(): void {
    const socket = new WebSocket(`${this.#chooseUrl()}?peers=${this.#size}`, { perMessageDeflate: false });
    this.#socket = socket;
    this.id = '';
    this.others.clear();
    this.edges.clear();
    socket.on('message', (data) => this.#received(JSON.parse(String(data))));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#isClosed) setTimeout(() => this.#isClosed || this.connect(), BACK_AFTER_MS * Math.random());
    });
  }

  /** Simulates a short network failure. */
  drop(): void {
    this.#socket?.terminate();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }

  /** Whether it is in the room, and every edge is connected, or missing for a given reason. */
  get isAccountedFor(): boolean {
    return this.id !== '' && [...this.others].every((id) => this.#isNamed(this.edges.get(id)));
  }

  get isWhole(): boolean {
    const isConnected = (id: string) => this.edges.get(id)?.state === 'connected';
    return this.others.size === this.#size - 1 && [...this.others].every(isConnected);
  }

  #isNamed(edge: Edge | undefined): boolean {
    return edge?.state === 'connected' || (edge?.state === 'missing' && edge.reason !== undefined);
  }

  #send(message: Message): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #received(message: Message): void {
    const { type, epoch, id } = message;
    if (type === 'ping') this.#send({ type: 'pong' });
    else if (type === 'your_id') {
      this.id = String(id);
      this.#send({ type: 'join_room', room: this.#room, create: { max_size: this.#size } });
    } else if (type === 'room_joined') {
      for (const peer of message.peers as { id: string }[]) this.others.add(peer.id);
    } else if (type === 'peer_joined') this.others.add((message.peer as { id: string }).id);
    else if (type === 'peer_left') {
      // It was removed itself: it was one too many while nodes had lost each other, or its old session is still
      // counted.
      if (id === this.id) this.drop();
      this.others.delete(String(id));
      this.edges.delete(String(id));
      this.#changed();
    } else if (type === 'paired' && message.initiator) this.#describe('offer', epoch);
    else if (type === 'offer') {
      this.#describe('answer', epoch);
      this.#send({ type: 'report', state: 'connected', epoch });
    } else if (type === 'answer') this.#send({ type: 'report', state: 'connected', epoch });
    else if (type === 'edge') {
      this.edges.set(String(id), { state: message.state as Edge['state'], reason: message.reason as string });
      this.#changed();
    } else if (type === 'error' && message.for === 'join_room')
      // The room is full until the server notices that an old session is gone, or its creator has not joined yet.
      setTimeout(() => this.#socket?.readyState === WebSocket.OPEN && this.#join(), BACK_AFTER_MS);
  }

  #join(): void {
    this.#send({ type: 'join_room', room: this.#room, create: { max_size: this.#size } });
  }

  #describe(type: 'offer' | 'answer', epoch: unknown): void {
    this.#send({ type, sdp: SDP, epoch });
    for (let n = 0; n < CANDIDATES; n += 1) this.#send({ type: 'candidate', candidate: CANDIDATE, epoch });
  }
}
