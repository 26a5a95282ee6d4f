/**
 * Serves the inspector's page: its files, and the feed that answers its requests. If a token is required, the page has
 * to send it first, within a time limit; the number of pages that have not sent it is limited, and the oldest makes
 * room for a new one.
 */
import { TokenBucket } from '../../common/token-bucket.ts';
import { closeCodes, type InspectRequest, SUBPROTOCOL } from '../../protocol/index.ts';
import { isSameToken, MIN_SHARED_TOKEN_CHARS, offeredBy } from '../admission/shared-token.ts';
import { answer, serveGet, TEXT } from '../http/answer.ts';
import type { App, HttpRequest, WebSocket } from '../http/shell/shell.ts';
import { type ServedFile, serveFiles } from '../http/static-files.ts';
import { forbidden, refusalOf } from './access.ts';
import type { Inspector } from './inspector.ts';
import type { Inspected } from './source.ts';
import { type Look, readRequest } from './viewer.ts';

const FILES: readonly ServedFile[] = [
  { path: '/inspect/', file: 'inspector/page/index.html', type: 'text/html; charset=utf-8' },
  { path: '/inspect/page.js', file: 'inspector/page/page.js', type: 'text/javascript; charset=utf-8' },
  { path: '/inspect/page.css', file: 'inspector/page/page.css', type: 'text/css; charset=utf-8' },
];

const MAX_REQUEST_BYTES = 16 * 1024;
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** What a page may ask, WebSocket control frames included; one that scrolls through a list asks most. */
const REQUESTS_PER_SECOND = 100;
const REQUEST_BURST = 500;
/** How many pages may be connected at once. */
const MAX_PAGES = 32;
/** Limits for sockets that have not sent the token yet: how many at once, and how long each may take. */
const MAX_WAITING = 32;
const TOKEN_TIMEOUT_MS = 10_000;
const CHECK_MS = 1_000;
const WRONG_TOKEN_CODE = 4401;
const { tryAgainLater, policyViolation } = closeCodes;

interface PageData {
  page: Page | undefined;
  /** As admission counts it; undefined if admission does not. */
  readonly address: string | undefined;
  /** Whether the request carried the token. */
  readonly isKnown: boolean;
}

interface Page {
  readonly socket: WebSocket<PageData>;
  readonly rate: TokenBucket;
  /** Undefined until access is granted. */
  look: Look | undefined;
}

export function servePage(app: App, inspector: Inspector): void {
  const { server } = inspector;
  const { options } = server;
  if (!options.inspect) return;
  const pages = new Pages(inspector);
  serveFiles(app, FILES, { refusalOf: (req, res) => forbidden(refusalOf(res, req, options.inspectToken)) });
  serveGet(app, '/inspect', () => ({
    status: '308 Permanent Redirect',
    headers: [['location', 'inspect/']],
  }));
  app.ws<PageData>('/inspect/feed', {
    maxPayloadLength: MAX_REQUEST_BYTES,
    maxBackpressure: MAX_UNSENT_BYTES,
    closeOnBackpressureLimit: true,
    upgrade: (res, req, context) => {
      const refusal = forbidden(refusalOf(res, req, options.inspectToken));
      if (refusal) {
        answer(res, refusal);
        return;
      }
      const isKnown = bringsToken(req, options.inspectToken);
      const isCounted = options.inspectToken !== undefined && !isKnown;
      const verdict = isCounted ? server.admission?.judge(res, req) : undefined;
      if (verdict && 'refusal' in verdict) {
        const { kind, status, message } = verdict.refusal;
        server.refused?.(kind);
        answer(res, { status, headers: [TEXT], body: `${message}\n` });
        return;
      }
      res.upgrade<PageData>(
        { page: undefined, address: verdict?.address, isKnown },
        req.getHeader('sec-websocket-key'),
        // The token is never echoed.
        req.getHeader('sec-websocket-protocol') === '' ? '' : SUBPROTOCOL,
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open: (socket) => {
      const data = socket.getUserData();
      data.page = { socket, rate: new TokenBucket(), look: undefined };
      if (data.address !== undefined) server.admission?.opened(data.address);
      pages.came(data.page, data.isKnown);
    },
    message: (socket, bytes) => {
      const { page } = socket.getUserData();
      if (!page || !pages.isWithinRate(page)) return;
      const request = readRequest(bytes);
      if (request) pages.asked(page, request);
    },
    ping: (socket) => pages.isWithinRate(socket.getUserData().page),
    pong: (socket) => pages.isWithinRate(socket.getUserData().page),
    close: (socket) => {
      const { page, address } = socket.getUserData();
      if (address !== undefined) server.admission?.closed(address);
      if (page) pages.left(page);
    },
  });
}

/**
 * A client that knows the token is let in even if its address has used up its limits: behind a proxy it shares the
 * address with those who guess. That holds only for a token too long to guess; for a short one, limits have to slow
 * down guessing.
 */
function bringsToken(req: HttpRequest, token = ''): boolean {
  return token.length >= MIN_SHARED_TOKEN_CHARS && isSameToken(offeredBy(req), token);
}

class Pages {
  readonly #inspector: Inspector;
  readonly #server: Inspected;
  #looking = 0;
  /** Pages that have not sent the token yet, oldest first, with the time at which they connected. */
  readonly #waiting = new Map<Page, number>();
  #stopWaiting: (() => void) | undefined;

  constructor(inspector: Inspector) {
    this.#inspector = inspector;
    this.#server = inspector.server;
  }

  came(page: Page, isKnown: boolean): void {
    if (isKnown || this.#server.options.inspectToken === undefined) this.#admit(page);
    else this.#await(page);
  }

  /** Closes a page that asks too much: also one that has not sent the token, and could use up the server's time. */
  isWithinRate(page: Page | undefined): boolean {
    if (!page || page.rate.take(this.#server.clock.now(), REQUESTS_PER_SECOND, REQUEST_BURST)) return true;
    this.#server.refused?.('flood');
    page.socket.end(policyViolation, 'Too many requests');
    return false;
  }

  asked(page: Page, request: InspectRequest): void {
    if (page.look) page.look.ask(request);
    else if (request.type === 'auth') this.#checkToken(page, request.token);
  }

  left(page: Page): void {
    this.#waited(page);
    if (!page.look) return;
    this.#looking -= 1;
    page.look.close();
  }

  #admit(page: Page): void {
    this.#waited(page);
    if (this.#looking >= MAX_PAGES) {
      this.#server.refused?.('viewers');
      page.socket.end(tryAgainLater, 'As many pages look as may');
      return;
    }
    this.#looking += 1;
    page.look = this.#inspector.open((message) => page.socket.send(JSON.stringify(message), false));
  }

  #checkToken(page: Page, given: string): void {
    // A client that guesses wrong must not lock out one that knows the token. Guessing is slowed down by the limit on
    // new connections, and made hopeless by the token's length.
    if (isSameToken(given, this.#server.options.inspectToken ?? '')) {
      this.#admit(page);
      return;
    }
    this.#server.refused?.('inspect_token');
    tell(page, { wrong: true });
    page.socket.end(WRONG_TOKEN_CODE, 'Wrong token');
  }

  /** Asks for the token and waits a limited time. */
  #await(page: Page): void {
    const { clock } = this.#server;
    this.#waiting.set(page, clock.now());
    tell(page, { wrong: false });
    const [[oldest]] = this.#waiting as unknown as [[Page]];
    if (this.#waiting.size > MAX_WAITING) this.#dismiss(oldest);
    this.#stopWaiting ??= clock.every(CHECK_MS, () => {
      for (const [waiting, since] of this.#waiting)
        if (clock.now() - since >= TOKEN_TIMEOUT_MS) this.#dismiss(waiting);
    });
  }

  #dismiss(page: Page): void {
    this.#waited(page);
    this.#server.refused?.('inspect_token');
    page.socket.end(WRONG_TOKEN_CODE, 'No token came');
  }

  #waited(page: Page): void {
    this.#waiting.delete(page);
    if (this.#waiting.size > 0) return;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }
}

function tell({ socket }: Page, { wrong }: { wrong: boolean }): void {
  socket.send(JSON.stringify({ type: 'token_needed', wrong }), false);
}
