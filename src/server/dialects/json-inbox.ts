/**
 * Receives from clients whose wire is unnumbered JSON without error messages: checks rate, size, JSON and shape.
 * Invalid frames are skipped, counted and logged; a client that keeps sending them is closed.
 */
import { shapeFault } from '../../common/message-shape.ts';
import { closeCodes, type ErrorCode, errorMessages } from '../../protocol/index.ts';
import type { MessageBudget } from '../admission/message-budget.ts';
import type { ServerOptions } from '../options.ts';
import type { Signaling } from '../signaling/signaling.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { SocketClient } from './socket-client.ts';

export interface JsonInboxDeps {
  readonly options: Pick<ServerOptions, 'maxMessageBytes'>;
  readonly admission: { readonly messages: MessageBudget };
  readonly telemetry: Telemetry;
  readonly signaling: Signaling;
}

/** Text may arrive in binary frames, too; invalid UTF-8 must not be passed to a client as text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class JsonInbox<Data> {
  readonly #deps: JsonInboxDeps;
  readonly #whose: string;
  readonly #lastWord: string | undefined;

  /**
   * @param whose what the log calls these clients
   * @param lastWord sent to a client before it is closed for flooding, if its wire has a message for that
   */
  constructor(deps: JsonInboxDeps, whose: string, lastWord?: string) {
    this.#deps = deps;
    this.#whose = whose;
    this.#lastWord = lastWord;
  }

  /** Catches exceptions: one that escapes a handler would end the process and everybody's session. */
  guard<Client extends SocketClient<Data>>(
    client: Client | undefined,
    socket: Client['socket'],
    handle: (client: Client) => void,
  ): void {
    // Ignores what arrives on a socket that was ended or replaced.
    if (!client?.session || client.socket !== socket) return;
    try {
      handle(client);
    } catch (error) {
      this.#deps.signaling.sessions.fail(client.session, error, 'receive');
    }
  }

  /** @returns the value in a frame, safe to walk; undefined for a frame that is skipped */
  read(client: SocketClient<Data>, bytes: ArrayBuffer): unknown {
    if (!this.admits(client, bytes)) return undefined;
    const text = this.textOf(client, bytes);
    return text === undefined ? undefined : this.parse(client, text);
  }

  /** @returns false for a frame that is skipped because of its rate or size */
  admits(client: SocketClient<Data>, { byteLength }: ArrayBuffer): boolean {
    if (!this.count(client, byteLength)) return false;
    const { maxMessageBytes } = this.#deps.options;
    const isTooLarge = maxMessageBytes > 0 && byteLength > maxMessageBytes;
    if (isTooLarge) this.passOver(client, 'message_too_large');
    return !isTooLarge;
  }

  /** @returns the text of a frame; undefined for a frame that is skipped */
  textOf(client: SocketClient<Data>, bytes: ArrayBuffer): string | undefined {
    try {
      return utf8.decode(bytes);
    } catch {
      return this.passOver(client, 'invalid_json');
    }
  }

  /** @returns the value in a frame's text, safe to walk; undefined for a frame that is skipped */
  parse(client: SocketClient<Data>, text: string): unknown {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.passOver(client, 'invalid_json');
    }
    return shapeFault(value) ? this.passOver(client, 'invalid_message') : value;
  }

  /**
   * Counts a frame, WebSocket control frames included.
   * @returns false when the rate limit is exceeded
   */
  count(client: SocketClient<Data>, bytes: number): boolean {
    const { signaling, telemetry, admission } = this.#deps;
    const { metrics } = telemetry;
    const { now } = signaling.queue;
    metrics.bytesReceived += bytes;
    if (client.session) signaling.sessions.heard(client.session, now);
    const flood = admission.messages.take(client, now, bytes);
    if (!flood) return true;
    const { code, isFirst, isLast } = flood;
    if (isFirst) this.passOver(client, code);
    if (isLast) {
      metrics.refused.add('flood');
      if (this.#lastWord !== undefined) client.write(this.#lastWord);
      client.end(closeCodes.policyViolation, errorMessages[code]);
    }
    return false;
  }

  passOver({ address }: SocketClient<Data>, code: ErrorCode): undefined {
    this.refuse(code, address, errorMessages[code]);
  }

  /** @param kind of refusal, as metrics count it */
  refuse(kind: string, address: string, reason: string): void {
    const { metrics, refusals } = this.#deps.telemetry;
    metrics.refused.add(kind);
    refusals.warn(kind, address, `Refused a message of a ${this.#whose} client: ${reason}`);
  }
}
