/** The page's link to the server: reconnects by itself, and sends the token if one is required. */
import {
  INSPECT_SUBPROTOCOL_PREFIX,
  type InspectMessage,
  type InspectRequest,
} from '../../protocol/inspect/inspect-messages.ts';
import { SUBPROTOCOL } from '../../protocol/native/permissions.ts';

export type LinkState = 'connecting' | 'connected' | 'lost' | 'token_needed' | 'wrong_token' | 'no_server';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
const TOKEN_KEY = 'pairlane-inspect-token';

export interface FeedListener {
  message(message: InspectMessage): void;
  state(state: LinkState): void;
}

export class Feed {
  readonly #listener: FeedListener;
  #socket: WebSocket | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isRefused = false;

  constructor(listener: FeedListener) {
    this.#listener = listener;
    takeTokenFromUrl();
  }

  open(): void {
    if (location.protocol === 'file:') {
      this.#listener.state('no_server');
      return;
    }
    this.#isRefused = false;
    this.#listener.state('connecting');
    // Relative to the page, wherever a proxy put it.
    const url = new URL('feed', document.baseURI);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = '';
    url.hash = '';
    const socket = new WebSocket(url, subprotocols());
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#received(JSON.parse(String(data)));
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (this.#isRefused) return;
      this.#listener.state('lost');
      setTimeout(() => this.open(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    };
  }

  send(request: InspectRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }

  /** Tries again with another token. */
  useToken(token: string): void {
    sessionStorage.setItem(TOKEN_KEY, token);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.open();
  }

  #received(message: InspectMessage): void {
    if (message.type === 'hello') {
      this.#retryMs = FIRST_RETRY_MS;
      this.#listener.state('connected');
    }
    if (message.type !== 'token_needed') {
      this.#listener.message(message);
      return;
    }
    const token = sessionStorage.getItem(TOKEN_KEY);
    if (!message.wrong && token) {
      this.send({ type: 'auth', token });
      return;
    }
    this.#isRefused = true;
    sessionStorage.removeItem(TOKEN_KEY);
    this.#listener.state(message.wrong ? 'wrong_token' : 'token_needed');
  }
}

/**
 * The token is sent with the request if there is one: a client that knows it is let in even when strangers keep the
 * server busy.
 */
function subprotocols(): string[] {
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (!token) return [];
  const binary = String.fromCharCode(...new TextEncoder().encode(token));
  const base64url = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return [SUBPROTOCOL, INSPECT_SUBPROTOCOL_PREFIX + base64url];
}

/** Takes the token from the first URL; it must not stay in the history or be copied with a link. */
function takeTokenFromUrl(): void {
  const url = new URL(location.href);
  const token = url.searchParams.get('token');
  if (token === null) return;
  sessionStorage.setItem(TOKEN_KEY, token);
  url.searchParams.delete('token');
  history.replaceState(null, '', url);
}
