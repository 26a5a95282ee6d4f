/** A WebSocket route of any dialect: admission decides who may open it, and unread bytes are bounded. */
import { answer, TEXT } from '../http/answer.ts';
import { maxFrameBytes } from '../http/frame-limit.ts';
import type { App, HttpRequest, HttpResponse, WebSocket } from '../http/shell/shell.ts';
import type { ServerOptions } from '../options.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Admission, Claims, UpgradeRefusal } from './admission.ts';
import { hasTokenInUrl, readOffered } from './tokens/offered-token.ts';
import { asksForTokens } from './tokens/token-options.ts';

export interface SocketRouteDeps {
  readonly options: ServerOptions;
  readonly admission: Admission;
  readonly telemetry: Telemetry;
}

/** What a dialect does with its sockets. */
export interface SocketRoute<Data extends { readonly address: string }> {
  /**
   * The parameter of the URL in which its clients bring their tokens, for a wire that has no other place for them. In
   * any other parameter a token is still refused.
   */
  readonly tokenParameter?: string | undefined;
  /** What the client claims by its URL. */
  claimsOf?(req: HttpRequest): Omit<Claims, 'bringsToken'>;
  /**
   * @param address the client's, as limits count it
   * @param token the one that it presented, if any
   */
  dataOf(req: HttpRequest, address: string, token: string | undefined): Data;
  opened(socket: WebSocket<Data>): void;
  /** The bytes are valid only until this returns. */
  received(socket: WebSocket<Data>, bytes: ArrayBuffer, isBinary: boolean): void;
  /**
   * A WebSocket ping or pong arrived; a ping has already been answered.
   * @param bytes the size of its payload
   */
  controlled(socket: WebSocket<Data>, bytes: number): void;
  /** From here on every method of the socket throws, except `getUserData`. */
  closed(socket: WebSocket<Data>, code: number): void;
  /**
   * For a dialect that publishes: more than `--max-unsent-bytes` is unsent, so a message was dropped, and the socket is
   * being closed. The handler must not end it.
   */
  dropped?(socket: WebSocket<Data>): void;
}

const TOKEN_IN_URL: UpgradeRefusal = {
  kind: 'token',
  status: '400 Bad Request',
  message:
    'A token does not belong in a URL, which is written into logs on its way: send it as `Authorization: Bearer`, as a subprotocol, or as the first message, `auth`.',
};

const TOKEN_ALONE: UpgradeRefusal = {
  kind: 'token',
  status: '400 Bad Request',
  message: 'Offer the subprotocol `pairlane` beside one with your token: the server answers with that one.',
};

/**
 * The longest that uWebSockets.js allows. It pings by itself before that, so a client that is silent by design stays
 * connected.
 */
const IDLE_TIMEOUT_S = 960;

export function serveSockets<Data extends { readonly address: string }>(
  app: App,
  path: string,
  { options, admission, telemetry }: SocketRouteDeps,
  route: SocketRoute<Data>,
): void {
  const { metrics } = telemetry;
  const { maxUnsentBytes } = options;
  const longestFrame = maxFrameBytes(options.maxMessageBytes);
  app.ws<Data>(path, {
    maxPayloadLength: longestFrame,
    // Our own limit is lower and gives a reason. Only what uWebSockets.js sends by itself, such as pongs, can exceed
    // it; that includes published messages, so a route that publishes uses this limit directly.
    maxBackpressure:
      maxUnsentBytes === 0 || route.dropped ? maxUnsentBytes : maxUnsentBytes + 2 * longestFrame,
    closeOnBackpressureLimit: true,
    idleTimeout: IDLE_TIMEOUT_S,
    sendPingsAutomatically: true,
    upgrade(res, req, context) {
      const asks = asksForTokens(options);
      const offered = readOffered(req.getHeader('authorization'), req.getHeader('sec-websocket-protocol'));
      const { tokenParameter } = route;
      const inUrl = tokenParameter === undefined ? undefined : req.getQuery(tokenParameter);
      const bringsToken = asks && (inUrl ?? offered?.token) !== undefined;
      const verdict = admission.judge(res, req, { ...route.claimsOf?.(req), bringsToken });
      if ('refusal' in verdict) {
        metrics.refused.add(verdict.refusal.kind);
        refuse(res, verdict.refusal);
        return;
      }
      const misplaced = hasTokenInUrl(req.getQuery() ?? '', asks, tokenParameter) ? TOKEN_IN_URL : undefined;
      if (misplaced || !offered) {
        metrics.refused.add('token');
        refuse(res, misplaced ?? TOKEN_ALONE);
        return;
      }
      res.upgrade<Data>(
        route.dataOf(req, verdict.address, offered.token),
        req.getHeader('sec-websocket-key'),
        offered.subprotocol,
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open(socket) {
      admission.opened(socket.getUserData().address);
      route.opened(socket);
    },
    message: (socket, bytes, isBinary) => route.received(socket, bytes, isBinary),
    ping: (socket, bytes) => route.controlled(socket, bytes.byteLength),
    pong: (socket, bytes) => route.controlled(socket, bytes.byteLength),
    dropped: (socket) => route.dropped?.(socket),
    close(socket, code) {
      admission.closed(socket.getUserData().address);
      route.closed(socket, code);
    },
  });
}

function refuse(res: HttpResponse, { status, message }: UpgradeRefusal): void {
  answer(res, { status, headers: [TEXT], body: `${message}\n` });
}
