/**
 * Receives what a native client sends: checks size, rate, numbers and schema, then calls the core. Every refusal is
 * answered with an error.
 */
import {
  type ClientMessageOf,
  closeCodes,
  errorMessages,
  MAX_METADATA_BYTES,
  NUMBERED_HEAD,
} from '../../../protocol/index.ts';
import type { MessageBudget } from '../../admission/message-budget.ts';
import type { ServerOptions } from '../../options.ts';
import type { Refusal } from '../../signaling/client.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signal, SignalMessage } from '../../signaling/signal.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Chaos } from '../chaos.ts';
import { type Decoded, decode, type Frame, signalIn } from './decode-client-message.ts';
import type { NativeClient } from './native-client.ts';
import type { TokenRefresh } from './token-refresh.ts';

type Evidence = Omit<ClientMessageOf<'evidence'>, 'epoch'>;

/** Told what a client reports about its own machine's steps and about its connection. */
export interface PeerStepWatcher {
  peerStepped(session: ServerSession, step: object): void;
  evidenceGiven(session: ServerSession, epoch: number | undefined, evidence: Evidence): void;
}

export interface InboxDeps {
  readonly options: ServerOptions;
  readonly metrics: Metrics;
  readonly signaling: Signaling;
  readonly inspector: PeerStepWatcher;
  readonly tokenRefresh: TokenRefresh;
  readonly budget: MessageBudget;
  /** Left out: nothing is lost on purpose. */
  readonly chaos?: Chaos | undefined;
}

/** Longer than the longest head of a numbered frame, allowing for some white space. */
const HEAD_BYTES = 48;

const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const SPACE = 0x20;

const BINARY = {
  refusal: { code: 'invalid_json', message: 'Invalid JSON: send text frames, not binary ones' },
} as const;

const NOT_NUMBERED = {
  code: 'invalid_message',
  message: 'The frames of a session that can be resumed should be numbered: [seq, received, message]',
} as const;

export class Inbox {
  readonly #options: ServerOptions;
  readonly #metrics: Metrics;
  readonly #signaling: Signaling;
  readonly #inspector: PeerStepWatcher;
  readonly #tokenRefresh: TokenRefresh;
  readonly #chaos: Chaos | undefined;
  readonly #budget: MessageBudget;

  constructor({ options, metrics, signaling, inspector, tokenRefresh, chaos, budget }: InboxDeps) {
    this.#options = options;
    this.#metrics = metrics;
    this.#signaling = signaling;
    this.#inspector = inspector;
    this.#tokenRefresh = tokenRefresh;
    this.#chaos = chaos;
    this.#budget = budget;
  }

  /** @param bytes valid only until this method returns */
  receive(session: ServerSession, client: NativeClient, bytes: ArrayBuffer, isBinary: boolean): void {
    const { now } = this.#signaling.queue;
    this.#metrics.bytesReceived += bytes.byteLength;
    this.#signaling.sessions.heard(session, now);
    const message = client.resume
      ? this.#takeNumbered(client, client.resume.delivery, Buffer.from(bytes))
      : new Uint8Array(bytes);
    // A repeated frame counts, too: it is not decoded, but it was read.
    if (!this.#isWithinRate(client, message?.length ?? bytes.byteLength, now)) return;
    if (!message || !this.#isWithinSize(client, message.length)) return;
    const decoded: Decoded = isBinary ? BINARY : decode(message);
    const isNumbered = message.length < bytes.byteLength;
    if (!('refusal' in decoded)) this.#accept(session, client, decoded.frame, isNumbered);
    else {
      const isMisnumbered = client.isResumable && !isNumbered && message[0] === OPENING_BRACKET;
      refuse(client, isMisnumbered ? NOT_NUMBERED : decoded.refusal);
    }
    client.sendAckIfDue();
  }

  /** Handles a WebSocket ping or pong: it counts like a message, and does nothing else. */
  receiveControl(client: NativeClient, bytes: number): void {
    this.#metrics.bytesReceived += bytes;
    this.#isWithinRate(client, bytes, this.#signaling.queue.now);
  }

  #accept(session: ServerSession, client: NativeClient, frame: Frame, isNumbered: boolean): void {
    const { type } = frame.message;
    this.#metrics.received.add(type);
    const mustBeNumbered =
      client.isResumable && type !== 'ack' && type !== 'resume' && type !== 'pong' && type !== 'auth';
    if (mustBeNumbered && !isNumbered) refuse(client, { ...NOT_NUMBERED, for: type });
    else this.#route(session, client, frame);
  }

  #route(session: ServerSession, client: NativeClient, frame: Frame): void {
    const { message } = frame;
    switch (message.type) {
      // Being heard is all that a pong is for.
      case 'pong':
        return;
      case 'ack':
        if (client.resume?.delivery.ack(message.received) === false) closeMiscounting(client);
        return;
      case 'resume':
        refuse(client, { code: 'resume_failed', for: 'resume' });
        return;
      // From a client that need not authenticate, or already has.
      case 'auth':
        return;
      case 'refresh_token':
        this.#tokenRefresh.refresh(session, message.token, (error) =>
          this.#signaling.sessions.fail(session, error, 'refreshToken'),
        );
        return;
      case 'inspect':
        this.#inspector.peerStepped(session, message.step);
        return;
      case 'evidence':
        this.#evidence(session, message);
        return;
      case 'pair_request':
        this.#pairRequest(session, client, message);
        return;
      case 'create_key':
        this.#signaling.createKey(session, message.ttl_s, message.uses);
        return;
      case 'join_room':
        this.#signaling.joinRoom(session, message);
        return;
      case 'leave_room':
        this.#leaveRoom(session, client, message.room);
        return;
      case 'update_metadata':
        this.#signaling.rooms.updateMetadata(session, message.room, message.metadata);
        return;
      case 'lock_room':
        this.#signaling.lockRoom(session, message.room, message.locked);
        return;
      case 'list_rooms':
        this.#signaling.rooms.list(session);
        return;
      default:
        // Only signals are left: their frames are passed on unchanged.
        message satisfies SignalMessage;
        if (!this.#chaos) this.#signaling.signal(session, frame as Signal);
        else this.#signalThrough(this.#chaos, session, frame as Signal);
    }
  }

  /**
   * Each pairing that ends with it counts like a message, since forming and ending one costs that much: a client that
   * joins and leaves a large room again and again would make the server form and end them all each time.
   */
  #leaveRoom(session: ServerSession, client: NativeClient, room: string): void {
    const before = session.seats.length;
    this.#signaling.rooms.leave(session, room);
    const ended = before - session.seats.length;
    client.rate.spend(this.#signaling.queue.now, ended, this.#options);
  }

  #signalThrough(chaos: Chaos, session: ServerSession, signal: Signal): void {
    chaos.pass(signal.message.type, signal.bytes, (bytes) => {
      if (session.isDone) return;
      // One that comes late was copied: what was read from its own bytes cannot be read any more.
      const passed = bytes === signal.bytes ? signal : signalIn(bytes);
      if (passed) this.#signaling.signal(session, passed);
    });
  }

  #evidence(session: ServerSession, { epoch, ...evidence }: ClientMessageOf<'evidence'>): void {
    this.#inspector.evidenceGiven(session, epoch, evidence);
  }

  #pairRequest(session: ServerSession, client: NativeClient, message: ClientMessageOf<'pair_request'>): void {
    const { target_id: targetId, key, metadata, traceparent } = message;
    if (metadata !== undefined && Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES)
      refuse(client, { code: 'metadata_too_large', for: 'pair_request' });
    else this.#signaling.pairRequest(session, { targetId, key, metadata, traceparent });
  }

  /** The message inside a numbered frame; undefined if it was received before. Other frames are returned unchanged. */
  #takeNumbered(
    client: NativeClient,
    delivery: { accept(seq: number, acked: number): 'new' | 'duplicate' | 'impossible' },
    bytes: Buffer,
  ): Uint8Array | undefined {
    const head = NUMBERED_HEAD.exec(bytes.toString('latin1', 0, HEAD_BYTES));
    if (!head) return bytes;
    const verdict = delivery.accept(Number(head[1]), Number(head[2]));
    if (verdict === 'new') {
      let end = bytes.length - 1;
      while ((bytes[end] as number) <= SPACE) end -= 1;
      return bytes[end] === CLOSING_BRACKET ? bytes.subarray(head[0].length, end) : bytes;
    }
    if (verdict === 'impossible') closeMiscounting(client);
    return undefined;
  }

  #isWithinSize(client: NativeClient, bytes: number): boolean {
    const { maxMessageBytes } = this.#options;
    if (maxMessageBytes === 0 || bytes <= maxMessageBytes) return true;
    refuse(client, { code: 'message_too_large' });
    return false;
  }

  #isWithinRate(client: NativeClient, bytes: number, now: number): boolean {
    const peers = client.session?.seats.length || 1;
    const flood = this.#budget.take(client, now, bytes, peers);
    if (!flood) return true;
    const { code, isFirst, isLast } = flood;
    if (isFirst) refuse(client, { code });
    if (isLast) {
      this.#metrics.refused.add('flood');
      client.end(closeCodes.policyViolation, errorMessages[code]);
    }
    return false;
  }
}

function refuse(client: NativeClient, refusal: Refusal): void {
  client.notify({ type: 'refused', ...refusal });
}

function closeMiscounting(client: NativeClient): void {
  client.end(closeCodes.policyViolation, 'Impossible frame numbers');
}
