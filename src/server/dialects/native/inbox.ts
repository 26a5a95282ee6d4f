/** What comes in from a client, up to the router: size, rate, numbers, decoding. Each refusal is polite. */
import { closeCodes, errorMessages, NUMBERED_HEAD } from '../../../protocol/index.ts';
import type { ServerOptions } from '../../options.ts';
import type { Router, SessionHost } from '../../signaling/router.ts';
import type { ServerSession } from '../../signaling/sessions.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { type Decoded, decode, type Frame } from './decode-client-message.ts';
import type { Outbox } from './outbox.ts';

export interface InboxDeps {
  readonly options: ServerOptions;
  readonly metrics: Metrics;
  readonly outbox: Outbox;
  readonly router: Router;
  readonly sessionHost: SessionHost;
}

/** Longer than the longest head of a numbered frame, with some white space in it. */
const HEAD_BYTES = 48;

/** A step for every message would cost more than a ping that is sent this part of the interval too early. */
const HEARD_EVERY = 0.1;

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
  readonly #deps: InboxDeps;
  readonly #heardEveryMs: number;

  constructor(deps: InboxDeps) {
    this.#deps = deps;
    this.#heardEveryMs = deps.options.pingIntervalMs * HEARD_EVERY || Number.POSITIVE_INFINITY;
  }

  /**
   * @param bytes good only until this returns
   * @param now milliseconds of the server's clock
   */
  receive(session: ServerSession, bytes: ArrayBuffer, isBinary: boolean, now: number): void {
    const { outbox, sessionHost } = this.#deps;
    this.#deps.metrics.bytesReceived += bytes.byteLength;
    if (session.isPinged || now - session.heardAt >= this.#heardEveryMs) {
      session.isPinged = false;
      session.heardAt = now;
      sessionHost.dispatch(session, { type: 'HEARD' });
    }
    const message = session.delivery
      ? this.#takeNumbered(session, Buffer.from(bytes))
      : new Uint8Array(bytes);
    // A repeated frame counts, too: it is not looked at, but it was read.
    if (!this.#isWithinRate(session, message?.length ?? bytes.byteLength, now)) return;
    if (!message || !this.#isWithinSize(session, message.length)) return;
    const decoded: Decoded = isBinary ? BINARY : decode(message);
    const isNumbered = message.length < bytes.byteLength;
    if (!('refusal' in decoded)) this.#accept(session, decoded.frame, isNumbered, now);
    else {
      const isMisnumbered = session.delivery && !isNumbered && message[0] === OPENING_BRACKET;
      outbox.refuse(session, isMisnumbered ? NOT_NUMBERED : decoded.refusal);
    }
    if (session.delivery?.shouldAck) outbox.sendPlain(session, session.delivery.ackMessage());
  }

  #accept(session: ServerSession, frame: Frame, isNumbered: boolean, now: number): void {
    const { message } = frame;
    this.#deps.metrics.received.add(message.type);
    if (message.type === 'ack') this.#confirm(session, message.received);
    else if (message.type === 'resume') {
      this.#deps.outbox.refuse(session, { code: 'resume_failed', for: 'resume' });
    } else if (session.delivery && !isNumbered && message.type !== 'pong') {
      this.#deps.outbox.refuse(session, { ...NOT_NUMBERED, for: message.type });
    } else this.#deps.router.route(session, frame, now);
  }

  /** The message in a numbered frame; undefined when it was had before. Other frames are passed on as they are. */
  #takeNumbered(session: ServerSession, bytes: Buffer): Uint8Array | undefined {
    const head = NUMBERED_HEAD.exec(bytes.toString('latin1', 0, HEAD_BYTES));
    if (!head) return bytes;
    const verdict = session.delivery?.accept(Number(head[1]), Number(head[2]));
    if (verdict === 'new') {
      let end = bytes.length - 1;
      while ((bytes[end] as number) <= SPACE) end -= 1;
      return bytes[end] === CLOSING_BRACKET ? bytes.subarray(head[0].length, end) : bytes;
    }
    if (verdict === 'impossible') this.#closeMiscounting(session);
    return undefined;
  }

  #confirm(session: ServerSession, received: number): void {
    if (session.delivery && !session.delivery.ack(received)) this.#closeMiscounting(session);
  }

  #closeMiscounting(session: ServerSession): void {
    this.#deps.sessionHost.dispatch(session, {
      type: 'CLOSED_BY_SERVER',
      code: closeCodes.policyViolation,
      reason: 'Frame numbers that cannot be',
    });
  }

  #isWithinSize(session: ServerSession, bytes: number): boolean {
    const { maxMessageBytes } = this.#deps.options;
    if (maxMessageBytes === 0 || bytes <= maxMessageBytes) return true;
    this.#deps.outbox.refuse(session, { code: 'message_too_large' });
    return false;
  }

  #isWithinRate(session: ServerSession, bytes: number, now: number): boolean {
    const flood = session.rate.take(now, bytes, this.#deps.options);
    if (!flood) return true;
    const { code, isFirst, isLast } = flood;
    if (isFirst) this.#deps.outbox.refuse(session, { code });
    if (isLast) {
      this.#deps.metrics.refused.add('flood');
      const reason = errorMessages[code];
      const { sessionHost } = this.#deps;
      sessionHost.dispatch(session, { type: 'CLOSED_BY_SERVER', code: closeCodes.policyViolation, reason });
    }
    return false;
  }
}
