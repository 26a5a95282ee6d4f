/**
 * The PeerJS clients by the ids that they chose, which are unique in their app. Each is a session, and two that signal
 * to each other are a pairing. With its id and token a client resumes its session and pairings; a client whose token
 * names its id does so with any such token. Another client that lost its connection keeps its id only until somebody
 * wants it, as with the original server, where a reloaded page takes its id again.
 */
import { createHash } from 'node:crypto';
import { isPrintable } from '../../../common/printable.ts';
import {
  closeCodes,
  MAX_PEERJS_ID_CHARS,
  type PeerJsMessage,
  peerJsNotices,
  writePeerJsMessage,
} from '../../../protocol/index.ts';
import type { Admission } from '../../admission/admission.ts';
import type { PeerJsKeys } from '../../admission/peerjs-keys.ts';
import { areOfToken, type Grants, noLimits } from '../../admission/tokens/grants.ts';
import { sessionIdOn } from '../../node-id.ts';
import type { ServerOptions } from '../../options.ts';
import {
  type IdHolder,
  isTakenFrom,
  NAMED_BY_TOKEN,
  type OtherIds,
  type OwnIds,
  type Said,
} from '../../signaling/chosen-ids.ts';
import type { Seat } from '../../signaling/seat.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { FROM, type Logger } from '../../telemetry/logger.ts';
import type { Chaos } from '../chaos.ts';
import type { SocketClientDeps } from '../socket-client.ts';
import { withField } from '../with-field.ts';
import { AbsentPeers, type PeerJsSignal, payloadIn } from './absent-peers.ts';
import { asSignal, signalIn } from './as-signal.ts';
import {
  PeerJsClient,
  type PeerJsClientDeps,
  type PeerJsIdentity,
  type PeerJsSocket,
} from './peerjs-client.ts';
import { type PeerJsGate, turnAway } from './peerjs-gate.ts';

export interface PeerJsRealmDeps {
  readonly keys: PeerJsKeys;
  /** Undefined for a server that does not authenticate clients. */
  readonly gate: PeerJsGate | undefined;
  readonly signaling: Signaling;
  readonly log: Logger;
  /** The places that clients take, whether connected or waited for. */
  readonly places: Pick<Admission, 'waits' | 'waitsNoLonger' | 'isOver' | 'isDraining'>;
  readonly sockets: SocketClientDeps;
  /** Handles a frame that a client sent before it was let in. */
  readonly received: (socket: PeerJsSocket, bytes: ArrayBuffer) => void;
  /** Counts and logs a refusal. */
  readonly refused: (kind: string, address: string, reason: string) => void;
  /** If omitted, nothing is dropped on purpose. */
  readonly chaos?: Chaos | undefined;
}

/** Pairings per client: they are only bookkeeping here, so the oldest ends to make room. */
const MAX_PAIRINGS = 256;

export class PeerJsRealm implements OwnIds {
  readonly absent: AbsentPeers;
  readonly #clients = new Map<string, PeerJsClient>();
  /** How many clients are waited for with an id, of whatever app. */
  readonly #awaited = new Map<string, number>();
  readonly #options: Pick<ServerOptions, 'node'>;
  readonly #deps: PeerJsRealmDeps;
  readonly #clientDeps: PeerJsClientDeps;
  #others: OtherIds | undefined;

  constructor(options: Pick<ServerOptions, 'node'>, deps: PeerJsRealmDeps) {
    this.#options = options;
    this.#deps = deps;
    const { signaling, places, sockets, refused } = deps;
    this.absent = new AbsentPeers({
      queue: signaling.queue,
      deliver: (from, signal) => this.#relay(from, signal, true),
      added: (bytes) => signaling.waiting.added(bytes),
      dropped: ({ address }) => refused('held_signals', address, 'More is said to absent peers than is held'),
      failed: ({ session }, error, effect) =>
        session && signaling.sessions.fail(session, error, `absent-peer ${effect}`),
    });
    signaling.waiting.addSource(() => this.absent);
    this.#clientDeps = {
      sockets,
      places: {
        waits: (address, id) => {
          places.waits(address);
          this.#await(id, 1);
        },
        waitsNoLonger: (address, id) => {
          places.waitsNoLonger(address);
          this.#await(id, -1);
        },
      },
      lost: (client) => this.#others?.away(holderOf(client)),
      gone: (client) => this.#gone(client),
    };
  }

  /** Makes this server one node of a cluster. */
  joinNodes(others: OtherIds): void {
    this.#others = others;
  }

  /**
   * The ids of connected clients, including those of other nodes.
   * @param app undefined: the clients have no app
   */
  idsOf(app: string | undefined): string[] {
    const here = [...this.#clients.values()].filter(({ isOnline }) => isOnline);
    const scope = scopeOf(app);
    return [...here.map(({ scopedId }) => scopedId), ...(this.#others?.online ?? [])]
      .filter((id) => id.startsWith(scope))
      .map((id) => id.slice(scope.length));
  }

  has(id: string): boolean {
    return this.#clients.has(id) || this.#others?.find(id) !== undefined;
  }

  /** Whether a session waits for a client with that id, which may be of another app. */
  isAwaited(id: string): boolean {
    return this.#awaited.has(id);
  }

  #await(id: string, change: 1 | -1): void {
    const count = (this.#awaited.get(id) ?? 0) + change;
    if (count > 0) this.#awaited.set(id, count);
    else this.#awaited.delete(id);
  }

  get holders(): Iterable<IdHolder> {
    return [...this.#clients.values()].map(holderOf);
  }

  find(id: string): IdHolder | undefined {
    const client = this.#clients.get(id);
    return client && holderOf(client);
  }

  recipient(id: string, peer: string): ServerSession | undefined {
    const client = this.#clients.get(id);
    if (!client?.session || client.session.isPairedWith(peer)) return client?.session;
    if (!hasPlace(client)) return undefined;
    this.#makeRoom(client);
    return client.session;
  }

  takenElsewhere(id: string): void {
    const { session } = this.#clients.get(id) ?? {};
    if (session)
      this.#deps.signaling.sessions.close(session, closeCodes.takenOver, 'Your id is at another node now');
  }

  arrivedElsewhere(id: string): void {
    this.absent.arrived(id);
  }

  deliver({ to, from, frame, session, partyFor }: Said): boolean {
    const client = this.#clients.get(to);
    if (!client?.session || !client.isOnline || !client.hasRoomFor(frame.length)) return false;
    if (!from.startsWith(client.scope)) return false;
    const core = session === undefined ? undefined : signalIn(frame);
    const isLeave = core?.message.type === 'unpair';
    const sender = session ?? this.#others?.find(from)?.session ?? '';
    if (!client.session.isPairedWith(sender)) {
      if (!hasPlace(client) || (session !== undefined && !core)) return false;
      if (core && !isLeave) this.#makeRoom(client);
    }
    const { pairing, side } = (core && partyFor(client.session, from.slice(client.scope.length))) ?? {};
    // What belongs to no pairing, or to one that is over, is passed on all the same, as between clients of one node.
    if (!pairing || isLeave) client.write(frame);
    if (pairing && side && core) this.#deps.signaling.pairings.signal(pairing, side, core);
    return true;
  }

  notDelivered(from: string, to: string): void {
    const client = this.#clients.get(from);
    client?.expired(to.slice(client.scope.length));
  }

  opened(socket: PeerJsSocket): void {
    const data = socket.getUserData();
    const { id, token, key } = data;
    // Cleared so that code that inspects the socket later does not find it.
    data.token = '';
    const { gate, keys } = this.#deps;
    if (!id || !token || !key) turnAway(socket, peerJsNotices.noIdTokenOrKey);
    else if (!keys.has(key)) turnAway(socket, peerJsNotices.invalidKey);
    else if (!isFit(id) || !(gate ? isPrintable(token) : isFit(token)))
      turnAway(socket, peerJsNotices.invalidId);
    else if (!gate) this.#admit(socket, token, allIn(keys.get(key)));
    else
      gate.opened(socket, token, {
        opened: (one, itsToken, grants) => this.#authenticated(one, itsToken, grants),
        received: this.#deps.received,
      });
  }

  #authenticated(socket: PeerJsSocket, token: string, grants: Grants): void {
    const { id, key, address } = socket.getUserData();
    const { gate, keys, places, refused } = this.#deps;
    if (places.isDraining) {
      refused('draining', address, 'The server is restarting');
      socket.end(closeCodes.serviceRestart, 'Server is restarting');
      return;
    }
    const app = keys.get(key);
    const refuse = (message: string) => gate?.refuse(socket, { code: 'token_invalid', message });
    if (app !== undefined && app !== grants.app) refuse('It is for another app than the key');
    else if (grants.sub !== undefined && grants.sub !== id)
      refuse('It is for another id: open the Peer with the id that its `sub` names');
    else this.#admit(socket, token, grants);
  }

  /** @param grants of a client that may come in */
  #admit(socket: PeerJsSocket, token: string, grants: Grants): void {
    const { id, address } = socket.getUserData();
    const isWithoutApp = !areOfToken(grants) && grants.app === '';
    const scope = scopeOf(isWithoutApp ? undefined : grants.app);
    const identity = { scope, id, proof: grants.sub === undefined ? proofOf(token) : NAMED_BY_TOKEN };
    const known = this.#clients.get(scope + id);
    if (known?.proof === identity.proof) this.#comeBack(known, socket, grants);
    else if (
      isTakenFrom(identity.proof, known && holderOf(known)) ||
      isTakenFrom(identity.proof, this.#others?.find(scope + id))
    )
      turnAway(socket, peerJsNotices.idTaken);
    else if (!known && this.#deps.places.isOver(address)) {
      // It was let in because a session waits for a client with its id, which is of another app.
      this.#deps.refused('connections', address, 'There are as many clients as may be');
      turnAway(socket, peerJsNotices.tooManyClients);
    } else this.#enter(socket, identity, grants, known);
  }

  closed(socket: PeerJsSocket, code: number): void {
    const data = socket.getUserData();
    const { client } = data;
    data.isClosed = true;
    delete data.unauthenticated;
    if (!client?.session) return;
    const { session } = client;
    // A socket that we closed, or that was replaced, is no longer the client's.
    if (client.socket === socket) {
      client.socket = undefined;
      this.#deps.signaling.sessions.disconnected(session, code === closeCodes.normal);
      if (!session.isDone) this.#others?.away(holderOf(client));
    }
    // Also when we closed it, because the client was silent.
    if (!session.isDone && !client.isOnline) client.waits();
  }

  /**
   * @param whole the message as received; undefined if it has fields that are not passed on
   */
  received(client: PeerJsClient, message: PeerJsMessage, whole: ArrayBuffer | undefined): void {
    // A heartbeat only shows that the client is alive.
    if (message.type === 'HEARTBEAT') return;
    const { type, dst, payload } = message;
    if (dst === undefined) this.#leave(client);
    else {
      const frame = whole
        ? withField(whole, client.srcField, false)
        : Buffer.from(writePeerJsMessage(type, client.peerJsId, dst, payload));
      const { chaos } = this.#deps;
      if (!chaos) this.#relay(client, { type, dst, payload, frame });
      else
        chaos.pass(type.toLowerCase(), frame, (bytes) => {
          if (client.session?.isDone !== false) return;
          const copy = Buffer.from(bytes);
          // One that comes late was copied: what was read from its own bytes cannot be read any more.
          const payloadNow = bytes === frame ? payload : payloadIn(copy);
          this.#relay(client, { type, dst, payload: payloadNow, frame: copy });
        });
    }
  }

  /** @param before the client that held the id: disconnected, or one whose token does not name it */
  #enter(
    socket: PeerJsSocket,
    identity: PeerJsIdentity,
    grants: Grants,
    before: PeerJsClient | undefined,
  ): void {
    const { signaling, log } = this.#deps;
    const { sessions } = signaling;
    if (before?.session) {
      if (before.isOnline) sessions.replace(before.session);
      else sessions.disconnected(before.session, true);
    }
    const isResumable = sessions.settings.resumeGraceMs > 0;
    const client = new PeerJsClient(socket, identity, isResumable, this.#clientDeps);
    const { scope, scopedId } = client;
    this.#clients.set(scopedId, client);
    socket.getUserData().client = client;
    client.session = sessions.open(scope + sessionIdOn(this.#options.node), client, grants);
    log.info(
      { event: 'session_opened', id: client.session.id, [FROM]: client.address },
      `Client ${client.session.id} connected, a PeerJS client`,
    );
    client.opened();
    this.#others?.taken(holderOf(client));
    this.absent.arrived(scopedId);
  }

  #comeBack(client: PeerJsClient, socket: PeerJsSocket, grants: Grants): void {
    const before = client.attach(socket);
    before?.end(closeCodes.takenOver, 'You came back on another socket');
    const { sessions } = this.#deps.signaling;
    if (client.session) {
      sessions.resumed(client.session);
      if (areOfToken(grants)) sessions.accept(client.session, grants);
    }
    client.opened();
    this.#others?.taken(holderOf(client));
    this.absent.arrived(client.scopedId);
  }

  #gone(client: PeerJsClient): void {
    this.absent.left(client);
    // Another client may hold the id by now.
    const { scopedId } = client;
    if (this.#clients.get(scopedId) !== client) return;
    this.#clients.delete(scopedId);
    this.#others?.left(scopedId);
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

  /** @param wasHeld the other one was not there when the client sent it */
  #relay(from: PeerJsClient, signal: PeerJsSignal, wasHeld = false): void {
    const { type, dst, frame } = signal;
    const to = this.#addressee(from.scope + dst);
    const seat = seatWith(from, to);
    if (to === from) {
      if (from.hasRoomFor(frame.length)) from.write(frame);
      return;
    }
    if (type === 'LEAVE') this.absent.left(from, dst);
    if (!this.#mayMeet(from, to, type, wasHeld, seat !== undefined)) {
      this.#deps.refused('forbidden', from.address, 'Its token, or the one of its peer, does not allow it');
      from.expired(dst);
    } else if (type === 'LEAVE' || type === 'EXPIRE') this.#tell(from, to, signal, seat);
    else if (to?.isOnline) this.#signal(from, to, signal, seat);
    else this.absent.hold(from, signal);
  }

  /** Whoever has that id, here or at another node. */
  #addressee(scopedId: string): Addressee | undefined {
    const here = this.#clients.get(scopedId);
    return here?.isOnline ? here : (this.#others?.find(scopedId) ?? here);
  }

  /** Passes on what is no part of a negotiation: it is not held. */
  #tell(from: PeerJsClient, to: Addressee | undefined, signal: PeerJsSignal, known: Seat | undefined): void {
    const { type, frame } = signal;
    const seat = type === 'LEAVE' ? known : undefined;
    if (to instanceof PeerJsClient) {
      if (to.isOnline && to.hasRoomFor(frame.length)) to.write(frame);
    } else if (to?.isOnline) this.#others?.say(to.id, from.scopedId, frame, seat);
    const core = asSignal(signal);
    if (core && seat?.pairing) this.#deps.signaling.pairings.signal(seat.pairing, seat.side, core);
  }

  /**
   * Whether the tokens of both allow it: `pair` to ask, and `max_peers` for how many a client has to do with. Without
   * `pair`, a client can only answer those that asked it. The node of a client elsewhere asks for itself.
   */
  #mayMeet(
    from: PeerJsClient,
    to: Addressee | undefined,
    type: PeerJsSignal['type'],
    wasHeld: boolean,
    arePaired: boolean,
  ): boolean {
    const mayAnswer = type !== 'OFFER' && (arePaired || wasHeld);
    if (!mayAnswer && !from.session?.grants.may.includes('pair')) return false;
    return arePaired || (hasPlace(from) && (!(to instanceof PeerJsClient) || hasPlace(to)));
  }

  /** @param known the sender's seat in the pairing of the two, if there is one */
  #signal(from: PeerJsClient, to: Addressee, signal: PeerJsSignal, known: Seat | undefined): void {
    const core = asSignal(signal);
    const { pairing, side } = known ?? this.#pair(from, to) ?? {};
    if (!core || !pairing || !side) return;
    from.addressee = signal.dst;
    this.#deps.signaling.pairings.signal(pairing, side, core);
    from.addressee = undefined;
  }

  /** Starts a pairing with the other one. @returns the client's seat in it */
  #pair(from: PeerJsClient, to: Addressee): Seat | undefined {
    this.#makeRoom(from);
    if (to instanceof PeerJsClient) this.#makeRoom(to);
    const party =
      to instanceof PeerJsClient
        ? to.session
        : this.#others?.partyFor(to.id, holderOf(from), to.id.slice(from.scope.length));
    if (from.session && party) this.#deps.signaling.pair(from.session, party);
    return seatWith(from, to);
  }

  /** Ends the oldest pairing of a client that has as many as it may. */
  #makeRoom({ session }: PeerJsClient): void {
    const [oldest] = session?.seats.length === MAX_PAIRINGS ? session.seats : [];
    if (oldest?.pairing) this.#deps.signaling.pairings.lose(oldest.pairing, oldest.side, 'unpaired');
  }
}

/** A client of this node, or the holder of an id at another. */
type Addressee = PeerJsClient | IdHolder;

function holderOf({ scopedId: id, proof, isOnline, session }: PeerJsClient): IdHolder {
  return { id, proof, isOnline, session: session?.id ?? '' };
}

/** Whether its token allows it one more peer. */
function hasPlace({ session }: PeerJsClient): boolean {
  return (
    session !== undefined && session.seats.length < (session.grants.maxPeers ?? Number.POSITIVE_INFINITY)
  );
}

/** What a client may do on a server without tokens. */
function allIn(app: string | undefined): Grants {
  return app === undefined ? noLimits : { ...noLimits, app };
}

/** @param app undefined: clients have no app, and their ids no prefix */
function scopeOf(app: string | undefined): string {
  return app === undefined ? '' : `${app}/`;
}

/** Recognizes a token, here and at other nodes, without keeping it. */
function proofOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function seatWith({ session }: PeerJsClient, to: Addressee | undefined): Seat | undefined {
  const id = to instanceof PeerJsClient ? to.session?.id : to?.session;
  if (id === undefined || !session) return undefined;
  for (const seat of session.seats) if (seat.peer?.id === id) return seat;
  return undefined;
}

function isFit(text: string): boolean {
  return text.length <= MAX_PEERJS_ID_CHARS && isPrintable(text);
}
