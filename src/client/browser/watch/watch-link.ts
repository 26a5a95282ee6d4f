/**
 * The link to the server over which a watched connection reports. To the server it is a client like any other: both
 * ends join a room for two, and are paired there. It connects again for as long as the connection is watched.
 */
import { fullJitter } from '../../../machines/backoff.ts';
import type { ClientMessage } from '../../../protocol/native/client-messages.ts';

const BACKOFF = { baseMs: 1_000, capMs: 30_000 };
/** Close codes after which another attempt would end in the same way. */
const FINAL_CODES: readonly number[] = [1008, 4401, 4410];
/** The same for refusals to join the room. Others may pass: it is full until a page that was loaded again has left it. */
const FINAL_ERRORS = /^(invalid_message|forbidden)$/;
const MAX_WARNINGS = 10;

export interface WatchOptions {
  /**
   * What the two ends call the connection: the same name at both, and at no other connection; 1 to 58 printable
   * characters.
   */
  readonly name: string;
  /** The server, as a `ws:` or `wss:` URL; defaults to the one that this module was loaded from. */
  readonly url?: string;
  /** For a server that requires tokens. It needs a `sub` of its own: this is one more client. */
  readonly token?: string;
}

export type Send = (message: ClientMessage) => void;

/** Told what the server says. */
export interface LinkHandlers {
  /** Both ends are watched: reports can be sent from now on. */
  paired(send: Send): void;
  unpaired(): void;
  /** The other end's reports begin anew, so that the server expects ours again. */
  offered(): void;
  /** Somebody looks: reports on how the connection is doing are wanted for that long. */
  flowAsked(seconds: number): void;
}

/** @returns a function that says goodbye and closes it */
export function openLink({ url, name, token }: WatchOptions, handlers: LinkHandlers): () => void {
  let socket: WebSocket | undefined;
  let epoch: number | undefined;
  let attempts = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const send: Send = (message) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ ...message, epoch }));
  };
  const warned: unknown[] = [];
  const say = (text: unknown) => console.warn(`pairlane-watch: ${text}`);
  /** Says each thing once, and not everything that a server may make up. */
  const warn = (reason: unknown) => {
    if (warned.length === MAX_WARNINGS || warned.includes(reason)) return;
    warned.push(reason);
    say(reason);
  };
  const unpaired = () => {
    epoch = undefined;
    handlers.unpaired();
  };
  const stop = () => {
    if (epoch !== undefined) send({ type: 'unpair' });
    const stopped = socket;
    socket = undefined;
    clearTimeout(timer);
    stopped?.close();
  };
  const end = (why: unknown) => {
    say(`watching ended: ${why}`);
    stop();
  };
  const received = (message: { readonly type: string; readonly [field: string]: unknown }) => {
    switch (message.type) {
      case 'paired':
        if (message.evidence) {
          epoch = message.epoch as number;
          attempts = 0;
          handlers.paired(send);
        } else end('the server wants no reports (--no-inspect)');
        return;
      case 'peer_disconnected':
        unpaired();
        return;
      case 'evidence':
        handlers.flowAsked(message.seconds as number);
        return;
      case 'offer':
        handlers.offered();
        return;
      case 'ping':
        send({ type: 'pong' });
        return;
      case 'error':
        if (message.for !== 'join_room') warn(message.message);
        else if (FINAL_ERRORS.test(message.code as string)) end(message.message);
        else {
          warn(message.message);
          socket?.close();
        }
    }
  };
  const open = () => {
    const protocols = token ? ['pairlane', `pairlane.token.${token}`] : [];
    const opened = new WebSocket(`${url}?evidence=2&pair=key`, protocols);
    socket = opened;
    opened.onopen = () => send({ type: 'join_room', room: `watch:${name}`, create: { max_size: 2 } });
    opened.onmessage = ({ data }) => {
      if (socket === opened) received(JSON.parse(data));
    };
    opened.onclose = ({ code, reason }) => {
      if (socket !== opened) return;
      unpaired();
      if (FINAL_CODES.includes(code)) end(reason);
      else {
        timer = setTimeout(open, fullJitter(BACKOFF, attempts, Math.random()));
        attempts += 1;
      }
    };
  };
  try {
    open();
  } catch (error) {
    // Not a URL, or none that this page may open.
    end(error);
  }
  return stop;
}
