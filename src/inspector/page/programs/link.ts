/** The page's link to `pairlane inspect`; reconnects by itself. */
import type { ProgramsMessage, WatchActor } from '../../stately/program-messages.ts';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

export interface LinkListener {
  message(message: ProgramsMessage): void;
  /** @param isOpen false when the link was lost */
  state(isOpen: boolean): void;
}

export class Link {
  readonly #listener: LinkListener;
  #socket: WebSocket | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(listener: LinkListener) {
    this.#listener = listener;
  }

  open(): void {
    const url = new URL('feed', document.baseURI);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = '';
    url.hash = '';
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#listener.state(true);
    };
    socket.onmessage = ({ data }) => this.#listener.message(JSON.parse(String(data)));
    socket.onclose = () => {
      this.#listener.state(false);
      setTimeout(() => this.open(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    };
  }

  send(request: WatchActor): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }
}
