/** A program's connection to `pairlane inspect`: it comes and goes, and the program never waits for it. */
import type { StatelyMessage } from './stately-message.ts';

/** The most that waits for the inspector, in characters; the oldest messages are dropped. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;
/** The most that the socket may have unsent, in bytes; above it, messages are left out. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** A longer message is sent without its context. */
const MAX_MESSAGE_CHARS = 1024 * 1024;
const RETRY_MS = 1_000;

interface ProgramWebSocket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
  /** A field of `ws`, used so that an inspector keeps no program alive. */
  readonly _socket?: { unref(): void };
}

const OPEN = 1;

export class ProgramSocket {
  readonly #url: string;
  /** Called when the inspector is back; it knows nothing of what it was told before. */
  readonly #back: () => void;
  #socket: ProgramWebSocket | undefined;
  #waiting: string[] = [];
  #waitingChars = 0;
  #hasBeenOpen = false;
  #isStopped = false;
  #hasWarned = false;

  constructor(url: string, back: () => void) {
    this.#url = url;
    this.#back = back;
    void this.#connect();
  }

  send(message: StatelyMessage): void {
    if (this.#isStopped) return;
    const whole = safeJson(message);
    const text = whole.length <= MAX_MESSAGE_CHARS ? whole : safeJson(withoutContext(message));
    if (text.length > MAX_MESSAGE_CHARS) return;
    const socket = this.#socket;
    if (socket?.readyState === OPEN) {
      if (socket.bufferedAmount < MAX_UNSENT_BYTES) socket.send(text);
      return;
    }
    // It does not need what it missed while it was away: it is told the present state instead.
    if (this.#hasBeenOpen) return;
    this.#waiting.push(text);
    this.#waitingChars += text.length;
    while (this.#waitingChars > MAX_WAITING_CHARS) this.#waitingChars -= this.#waiting.shift()?.length ?? 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
    this.#socket?.close();
  }

  async #connect(): Promise<void> {
    const Socket = await webSocketClass();
    if (this.#isStopped) return;
    const socket = new Socket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      socket._socket?.unref();
      if (this.#hasBeenOpen) this.#back();
      this.#hasBeenOpen = true;
      for (const text of this.#waiting) socket.send(text);
      this.#waiting = [];
      this.#waitingChars = 0;
    };
    // `close` follows.
    socket.onerror = () => this.#warn();
    socket.onclose = () => {
      if (this.#isStopped) return;
      const timer = setTimeout(() => void this.#connect(), RETRY_MS);
      // In browsers a timer is a number, and there is no process to keep alive.
      (timer as { unref?: () => void }).unref?.();
    };
  }

  #warn(): void {
    if (this.#hasWarned || this.#hasBeenOpen) return;
    this.#hasWarned = true;
    console.warn(
      `pairlaneInspect: ${this.#url} does not answer, or refuses; start 'pairlane inspect'. Trying again.`,
    );
  }
}

async function webSocketClass(): Promise<new (url: string) => ProgramWebSocket> {
  // Node's own WebSocket cannot be kept from holding the process.
  const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;
  if (isNode) return (await import('ws')).WebSocket as never;
  return globalThis.WebSocket as never;
}

function withoutContext(message: StatelyMessage): StatelyMessage {
  const { snapshot, event } = message as { snapshot?: object; event?: { type?: unknown } } & StatelyMessage;
  return {
    ...message,
    ...(event && { event: { type: event.type } }),
    ...(snapshot && { snapshot: { ...snapshot, context: '(too large to show)', output: undefined } }),
  };
}

/** JSON for any value: what cannot be written, such as a circular reference, is replaced by a description. */
function safeJson(message: StatelyMessage): string {
  const within: unknown[] = [];
  return JSON.stringify(message, function (this: unknown, _key, value: unknown) {
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'function') return `[function ${value.name}]`;
    if (typeof value !== 'object' || value === null) return value;
    while (within.length > 0 && within.at(-1) !== this) within.pop();
    if (within.includes(value)) return '[circular]';
    within.push(value);
    return value;
  });
}
