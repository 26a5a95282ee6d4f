/**
 * Sessions that move: a client comes back to this node, and another one has its session. Its secret tells who had it
 * last, and its id where it began; that node has it, or knows where it went. The one that has it gives it away with all
 * that waits for the client, and forgets it.
 */
import type { TimerOwner, TimerWheel } from '../../machines/index.ts';
import type { NodeMessageOf, TravellingSession } from '../../protocol/cluster/index.ts';
import { type ClientMessageOf, closeCodes } from '../../protocol/index.ts';
import { mayResume, type ResumeSecrets } from '../resumption.ts';
import type { Directory, PairingHost, SessionHost } from '../router.ts';
import type { ServerSession } from '../sessions.ts';
import type { NodeId } from './bus.ts';
import type { Halves } from './halves.ts';
import type { Losses } from './losses.ts';
import type { NodeLinks } from './node-links.ts';
import type { Note } from './notes.ts';
import { RemoteSession } from './remote-session.ts';
import { pack } from './travel.ts';

export type MoveAnswer =
  | { readonly session: TravellingSession; readonly from: NodeId }
  /** Nobody has it; the client's word may stand for it, when its secret does. */
  | 'lost'
  /** Who has it is there, and does not answer yet. */
  | 'late'
  | 'refused';

export interface MovesShell {
  readonly node: NodeId;
  readonly links: NodeLinks;
  readonly halves: Halves;
  readonly directory: Directory;
  readonly sessionHost: () => SessionHost;
  readonly pairingHost: () => PairingHost;
  readonly timers: TimerWheel;
  readonly secrets: ResumeSecrets;
  readonly losses: Losses;
  readonly nodeOf: (sessionId: string) => NodeId | undefined;
  /** Where a session went that was here. */
  readonly noteOf: (sessionId: string) => Note | undefined;
  /** A session that was here is at that node now. */
  readonly note: (session: ServerSession, node: NodeId) => void;
  /** Whether sessions of an earlier process of this node may still be out there. */
  readonly mayRestore: () => boolean;
  readonly now: () => number;
}

interface PendingMove extends TimerOwner {
  readonly message: ClientMessageOf<'resume'>;
  /** Who had the session last, as its secret says. */
  readonly issuer: NodeId | undefined;
  /** Whether it may have died with that one. */
  mayRestore: boolean;
  node: NodeId;
  readonly asked: NodeId[];
  readonly answer: (answer: MoveAnswer) => void;
  /** Other nodes that asked meanwhile: its client did not wait, and went there. */
  readonly askers: [NodeId, NodeMessageOf<'move'>][];
}

/** A node that is there answers in milliseconds. */
const ANSWER_TIMEOUT_MS = 2_000;
const TIMEOUT = 'timeout';
/** A session may have moved on between two answers; one that runs away is not run after for ever. */
const MAX_ASKS_PER_NODE = 2;

export class Moves {
  readonly #shell: MovesShell;
  readonly #pending = new Map<number, PendingMove>();
  #lastNumber = 0;

  constructor(shell: MovesShell) {
    this.#shell = shell;
  }

  /**
   * Asks for a session that a client says it had.
   * @param answer called once, perhaps at once; once more after `late`, for who has it has given it away by then
   */
  ask(message: ClientMessageOf<'resume'>, answer: (answer: MoveAnswer) => void): void {
    const { node, secrets, mayRestore } = this.#shell;
    const issuer = secrets.issuerOf(message.id, message.token);
    this.#lastNumber += 1;
    const move: PendingMove = {
      message,
      issuer,
      // It may have been this node, before it was restarted.
      mayRestore: issuer === node && mayRestore(),
      node,
      asked: [],
      answer,
      askers: [],
      timer: -1,
    };
    this.#pending.set(this.#lastNumber, move);
    this.#askNext(this.#lastNumber, move, issuer);
  }

  /** Whether a session is on its way here, as far as its client says. */
  isExpected(id: string): boolean {
    return [...this.#pending.values()].some(({ message }) => message.id === id);
  }

  /** That node is lost. */
  failed(node: NodeId): void {
    const { losses, now } = this.#shell;
    for (const [number, move] of [...this.#pending]) {
      if (move.node !== node) continue;
      if (node === move.issuer) move.mayRestore = losses.mayReturn(node, now());
      this.#askNext(number, move);
    }
  }

  /** Another node has the client of a session that this one may have. */
  asked(node: NodeId, message: NodeMessageOf<'move'>): void {
    const { number, id, token, received } = message;
    const pending = [...this.#pending.values()].find((move) => move.message.id === id && move.node !== node);
    if (pending) {
      pending.askers.push([node, message]);
      return;
    }
    const { directory, links, secrets, sessionHost, nodeOf, mayRestore, now } = this.#shell;
    const session = directory.sessions.get(id);
    if (session && mayResume(session, { type: 'resume', id, token, received })) {
      session.delivery?.confirm(received);
      // What other nodes will say to its request would come here.
      if (session.ask) sessionHost().send(session, { type: 'DENIED', code: 'unavailable' });
      const packed = pack(session, directory.keys, this.#shell.node, now());
      this.#giveAway(session, node);
      links.send(node, { type: 'moved', number, session: packed });
      return;
    }
    const next = session ? undefined : nodeOf(id);
    links.send(node, {
      type: 'not_moved',
      number,
      may_restore:
        session === undefined && mayRestore() && secrets.foreignGeneration(id, token) !== undefined,
      ...(next !== undefined && next !== node && { node: next }),
    });
  }

  moved(node: NodeId, { number, session }: NodeMessageOf<'moved'>): void {
    if (this.#pending.get(number)?.node === node) this.#answer(number, { session, from: node });
  }

  notMoved(node: NodeId, { number, may_restore, node: told }: NodeMessageOf<'not_moved'>): void {
    const move = this.#pending.get(number);
    if (move?.node !== node) return;
    if (node === move.issuer) move.mayRestore = may_restore;
    this.#askNext(number, move, told);
  }

  /** Another node has a session that this one has, too: they did not hear of each other when its client came there. */
  superseded(session: ServerSession, node: NodeId): void {
    if (node !== this.#shell.node) this.#giveAway(session, node);
  }

  /** Its client comes from another node, which nobody here has heard of: what is here is a stale copy. */
  forget(session: ServerSession): void {
    this.#giveAway(session, undefined);
  }

  /** @param told who may have it, as far as the last one knows; else whom its id leads to is asked, once */
  #askNext(number: number, move: PendingMove, told?: NodeId): void {
    const { node: here, noteOf, nodeOf } = this.#shell;
    const { id } = move.message;
    const timesAsked = (node: NodeId) => move.asked.filter((one) => one === node).length;
    const isWorthAsking = (node: NodeId | undefined, times: number) =>
      node !== undefined && node !== here && timesAsked(node) < times;
    // Meanwhile it may have been here, and have been given away.
    const next =
      [told, noteOf(id)?.node].find((node) => isWorthAsking(node, MAX_ASKS_PER_NODE)) ??
      [nodeOf(id)].find((node) => isWorthAsking(node, 1));
    if (next === undefined) this.#answer(number, move.mayRestore ? 'lost' : 'refused');
    else {
      move.node = next;
      this.#send(number, move);
    }
  }

  #send(number: number, move: PendingMove): void {
    const { timers, links } = this.#shell;
    const { id, token, received } = move.message;
    move.asked.push(move.node);
    timers.disarmAll(move);
    timers.arm(move, TIMEOUT, ANSWER_TIMEOUT_MS, () => move.answer('late'));
    links.send(move.node, { type: 'move', number, id, token, received });
  }

  #answer(number: number, answer: MoveAnswer): void {
    const move = this.#pending.get(number);
    if (!move) return;
    this.#pending.delete(number);
    this.#shell.timers.disarmAll(move);
    move.answer(answer);
    for (const [node, message] of move.askers) this.asked(node, message);
  }

  /** @param node undefined when nobody knows where its client is: it will be here again soon */
  #giveAway(session: ServerSession, node: NodeId | undefined): void {
    const { halves, sessionHost, pairingHost, note } = this.#shell;
    const { pairing, socket } = session;
    // Wherever it is now, its client has come back once more.
    session.generation += 1;
    const peer = pairing?.other(session.side);
    if (pairing && peer instanceof RemoteSession) {
      const { generation } = session;
      halves.tell(peer, 'moving', { node: node ?? this.#shell.node, generation });
      pairingHost().send(pairing, { type: 'MOVED', from: session.side });
    } else if (pairing) halves.unseat(session, pairing, node);
    session.pairing = undefined;
    session.socket = undefined;
    if (socket) {
      socket.getUserData().session = undefined;
      socket.end(closeCodes.takenOver, 'You came back on another socket');
    }
    sessionHost().send(session, { type: 'MOVED' });
    if (node !== undefined) note(session, node);
  }
}
