/**
 * The PeerJS clients by the ids that they chose. Each is a session, and two that signal to each other are a pairing.
 * With its id and token a client resumes its session and pairings. A client that lost its connection keeps its id only
 * until another client wants it, as with the original server, where a reloaded page takes its id again.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isPrintable } from '../../../common/printable.ts';
import {
  closeCodes,
  isPassedOnWhole,
  MAX_PEERJS_ID_CHARS,
  type PeerJsMessage,
  peerJsNotices,
  writePeerJsMessage,
} from '../../../protocol/index.ts';
import { sessionIdOn } from '../../node-id.ts';
import type { ServerOptions } from '../../options.ts';
import type { IdHolder, OtherIds, OwnIds } from '../../signaling/chosen-ids.ts';
import type { Seat } from '../../signaling/seat.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { FROM, type Logger } from '../../telemetry/logger.ts';
import type { Chaos } from '../chaos.ts';
import type { SocketClientDeps } from '../socket-client.ts';
import { withField } from '../with-field.ts';
import { AbsentPeers, type PeerJsSignal } from './absent-peers.ts';
import { asSignal } from './as-signal.ts';
import {
  PeerJsClient,
  type PeerJsClientDeps,
  type PeerJsSocket,
  type WaitingPlaces,
} from './peerjs-client.ts';

export interface PeerJsRealmDeps {
  readonly signaling: Signaling;
  readonly log: Logger;
  /** The places that clients take, whether connected or waited for. */
  readonly places: WaitingPlaces;
  readonly sockets: SocketClientDeps;
  /** Counts and logs a refusal. */
  readonly refused: (kind: string, address: string, reason: string) => void;
  /** If omitted, nothing is dropped on purpose. */
  readonly chaos?: Chaos | undefined;
}

/** Pairings per client: they are only bookkeeping here, so the oldest ends to make room. */
const MAX_PAIRINGS = 256;

/** No code, as in the original when it refuses a client: its library reads the message before the close. */
const NO_CODE = 0;

export class PeerJsRealm implements OwnIds {
  readonly absent: AbsentPeers;
  readonly #clients = new Map<string, PeerJsClient>();
  readonly #options: Pick<ServerOptions, 'node' | 'peerjsKey'>;
  readonly #deps: PeerJsRealmDeps;
  readonly #clientDeps: PeerJsClientDeps;
  #others: OtherIds | undefined;

  constructor(options: Pick<ServerOptions, 'node' | 'peerjsKey'>, deps: PeerJsRealmDeps) {
    this.#options = options;
    this.#deps = deps;
    const { signaling, places, sockets, refused } = deps;
    this.absent = new AbsentPeers({
      queue: signaling.queue,
      deliver: (from, signal) => this.#relay(from, signal),
      added: (bytes) => signaling.waiting.added(bytes),
      dropped: ({ address }) => refused('held_signals', address, 'More is said to absent peers than is held'),
      failed: ({ session }, error, effect) =>
        session && signaling.sessions.fail(session, error, `absent-peer ${effect}`),
    });
    signaling.waiting.addSource(() => this.absent);
    this.#clientDeps = { sockets, places, gone: (client) => this.#gone(client) };
  }

  /** Makes this server one node of a cluster. */
  joinNodes(others: OtherIds): void {
    this.#others = others;
  }

  /** The ids of connected clients, including those of other nodes. */
  get ids(): string[] {
    const here = [...this.#clients.values()].filter(({ isOnline }) => isOnline);
    return [...here.map(({ peerJsId }) => peerJsId), ...(this.#others?.online ?? [])];
  }

  has(id: string): boolean {
    return this.#clients.has(id) || this.#others?.find(id) !== undefined;
  }

  get holders(): Iterable<IdHolder> {
    return [...this.#clients.values()].map(holderOf);
  }

  find(id: string): IdHolder | undefined {
    const client = this.#clients.get(id);
    return client && holderOf(client);
  }

  takenElsewhere(id: string): void {
    const { session } = this.#clients.get(id) ?? {};
    if (session)
      this.#deps.signaling.sessions.close(session, closeCodes.takenOver, 'Your id is at another node now');
  }

  arrivedElsewhere(id: string): void {
    this.absent.arrived(id);
  }

  deliver(to: string, frame: Buffer): boolean {
    const client = this.#clients.get(to);
    if (!client?.isOnline || !client.hasRoomFor(frame.length)) return false;
    client.write(frame);
    return true;
  }

  notDelivered(from: string, to: string): void {
    this.#clients.get(from)?.expired(to);
  }

  opened(socket: PeerJsSocket): void {
    const { id, token, key } = socket.getUserData();
    if (!id || !token || !key) turnAway(socket, peerJsNotices.noIdTokenOrKey);
    else if (key !== this.#options.peerjsKey) turnAway(socket, peerJsNotices.invalidKey);
    else if (!isFit(id) || !isFit(token)) turnAway(socket, peerJsNotices.invalidId);
    else {
      const known = this.#clients.get(id);
      if (known && isSame(known.token, token)) this.#comeBack(known, socket);
      else if (known?.isOnline || this.#isTakenElsewhere(id, token)) turnAway(socket, peerJsNotices.idTaken);
      else this.#enter(socket, known);
    }
  }

  closed(socket: PeerJsSocket, code: number): void {
    const { client } = socket.getUserData();
    // A socket that we closed, or that was replaced, is no longer the client's.
    if (!client?.session || client.socket !== socket) return;
    client.socket = undefined;
    this.#deps.signaling.sessions.disconnected(client.session, code === closeCodes.normal);
    if (client.session.isDone) return;
    client.waits();
    this.#others?.away(holderOf(client));
  }

  /**
   * @param value the parsed message
   * @param bytes the message as received
   */
  received(client: PeerJsClient, message: PeerJsMessage, value: object, bytes: ArrayBuffer): void {
    // A heartbeat only shows that the client is alive.
    if (message.type === 'HEARTBEAT') return;
    const { type, dst, payload } = message;
    if (dst === undefined) this.#leave(client);
    else {
      const frame = isPassedOnWhole(value)
        ? withField(bytes, client.srcField)
        : Buffer.from(writePeerJsMessage(type, client.peerJsId, dst, payload));
      const relay = () => this.#relay(client, { type, dst, payload, frame });
      const { chaos } = this.#deps;
      if (!chaos) relay();
      else chaos.pass(type.toLowerCase(), frame, () => client.session?.isDone === false && relay());
    }
  }

  #isTakenElsewhere(id: string, token: string): boolean {
    const holder = this.#others?.find(id);
    return holder?.isOnline === true && holder.proof !== proofOf(token);
  }

  /** @param before the disconnected client that held the id */
  #enter(socket: PeerJsSocket, before: PeerJsClient | undefined): void {
    const { signaling, log } = this.#deps;
    if (before?.session) signaling.sessions.disconnected(before.session, true);
    const isResumable = signaling.sessions.settings.resumeGraceMs > 0;
    const client = new PeerJsClient(socket, isResumable, this.#clientDeps);
    const { peerJsId } = client;
    this.#clients.set(peerJsId, client);
    socket.getUserData().client = client;
    client.session = signaling.sessions.open(sessionIdOn(this.#options.node), client);
    log.info(
      { event: 'session_opened', id: client.session.id, [FROM]: client.address },
      `Client ${client.session.id} connected, a PeerJS client`,
    );
    client.opened();
    this.#others?.taken(holderOf(client));
    this.absent.arrived(peerJsId);
  }

  #comeBack(client: PeerJsClient, socket: PeerJsSocket): void {
    const before = client.attach(socket);
    before?.end(closeCodes.takenOver, 'You came back on another socket');
    if (client.session) this.#deps.signaling.sessions.resumed(client.session);
    client.opened();
    this.#others?.taken(holderOf(client));
    this.absent.arrived(client.peerJsId);
  }

  #gone(client: PeerJsClient): void {
    this.absent.left(client);
    // Another client may hold the id by now.
    if (this.#clients.get(client.peerJsId) !== client) return;
    this.#clients.delete(client.peerJsId);
    this.#others?.left(client.peerJsId);
  }

  /**
   * The client leaves the server. The original forgets its id but leaves its socket open, so that it could still send.
   */
  #leave(client: PeerJsClient): void {
    const { socket, session } = client;
    client.socket = undefined;
    if (session) this.#deps.signaling.sessions.disconnected(session, true);
    socket?.end(closeCodes.normal);
  }

  #relay(from: PeerJsClient, signal: PeerJsSignal): void {
    const { type, dst, frame } = signal;
    const to = this.#clients.get(dst);
    const isOfNegotiation = type !== 'LEAVE' && type !== 'EXPIRE';
    if (!to?.isOnline) {
      if (this.#others?.find(dst)?.isOnline) this.#others.say(dst, from.peerJsId, frame);
      else if (isOfNegotiation) this.absent.hold(from, signal);
      else if (type === 'LEAVE') this.absent.left(from, dst);
    } else if (isOfNegotiation && to !== from) this.#signal(from, to, signal);
    else {
      if (to.hasRoomFor(frame.length)) to.write(frame);
      if (type === 'LEAVE') this.#unpair(from, to, frame);
    }
  }

  #signal(from: PeerJsClient, to: PeerJsClient, signal: PeerJsSignal): void {
    const core = asSignal(signal);
    const { pairing, side } = this.#seatFor(from, to) ?? {};
    if (!core || !pairing || !side) return;
    from.addressee = to.peerJsId;
    this.#deps.signaling.pairings.signal(pairing, side, core);
    from.addressee = undefined;
  }

  /** The client's seat in the pairing with the other one; starts the pairing if there is none. */
  #seatFor(from: PeerJsClient, to: PeerJsClient): Seat | undefined {
    if (!from.session || !to.session) return undefined;
    const known = seatWith(from, to);
    if (known) return known;
    const { signaling } = this.#deps;
    const { pairings } = signaling;
    for (const { session } of [from, to]) {
      const [oldest] = session?.seats.length === MAX_PAIRINGS ? session.seats : [];
      if (oldest?.pairing) pairings.lose(oldest.pairing, oldest.side, 'unpaired');
    }
    signaling.pair(from.session, to.session);
    return seatWith(from, to);
  }

  /** @param frame the LEAVE, which has already been sent to the other client */
  #unpair(from: PeerJsClient, to: PeerJsClient, frame: Buffer): void {
    const { pairing, side } = seatWith(from, to) ?? {};
    const signal = { bytes: frame, message: { type: 'unpair' } } as const;
    if (pairing && side) this.#deps.signaling.pairings.signal(pairing, side, signal);
  }
}

function holderOf({ peerJsId: id, token, isOnline }: PeerJsClient): IdHolder {
  return { id, proof: proofOf(token), isOnline };
}

/** Lets other nodes recognize a token without knowing it. */
function proofOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function seatWith({ session }: PeerJsClient, to: PeerJsClient): Seat | undefined {
  return session?.seats.find(({ peer }) => peer?.id === to.session?.id);
}

function turnAway(socket: PeerJsSocket, notice: string): void {
  socket.send(notice, false);
  socket.end(NO_CODE);
}

function isFit(text: string): boolean {
  return text.length <= MAX_PEERJS_ID_CHARS && isPrintable(text);
}

/** Compares in constant time, so that the time does not reveal how much was right. */
function isSame(secret: string, given: string): boolean {
  const [one, other] = [Buffer.from(secret), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}
