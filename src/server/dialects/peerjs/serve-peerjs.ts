/**
 * PeerJS's routes: its ids over HTTP, and its socket. Invalid messages are ignored, as by the original, and counted.
 */

import { randomUUID } from 'node:crypto';
import { ownText } from '../../../common/cut-text.ts';
import {
  isPassedOnWhole,
  isRecord,
  type PeerJsMessage,
  peerJsNotices,
  readPeerJsMessage,
} from '../../../protocol/index.ts';
import { corsHeaders } from '../../admission/cors.ts';
import { type PeerJsKeys, parsePeerJsKeys } from '../../admission/peerjs-keys.ts';
import { upgradeRequestOf } from '../../admission/request-facts.ts';
import { type SocketRouteDeps, serveSockets } from '../../admission/serve-sockets.ts';
import type { Authenticator } from '../../admission/tokens/authenticator.ts';
import { type Answer, NOT_KEPT, serveGet, TEXT } from '../../http/answer.ts';
import type { App, HttpRequest } from '../../http/shell/shell.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Chaos } from '../chaos.ts';
import { EarlyFrames } from '../early-frames.ts';
import { JsonInbox } from '../json-inbox.ts';
import type { PeerJsClient, PeerJsSocket, PeerJsSocketData } from './peerjs-client.ts';
import { PeerJsGate } from './peerjs-gate.ts';
import { readUsualCandidate } from './read-usual-candidate.ts';
import { readUsualDescription } from './read-usual-description.ts';
import { PeerJsRealm } from './realm.ts';

export interface PeerJsDeps extends SocketRouteDeps {
  readonly signaling: Signaling;
  /** Decides what clients may do; undefined: clients are not authenticated. */
  readonly authenticator?: Authenticator | undefined;
  readonly chaos?: Chaos | undefined;
}

const HTML = ['content-type', 'text/html; charset=utf-8'] as const;
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8'] as const;
const LIST_MS = 1_000;
/** The parameter of the URL in which the library sends its token. */
const TOKEN = 'token';
const ABOUT = JSON.stringify({
  name: 'PeerJS Server',
  description: 'A server side element to broker connections between PeerJS clients.',
  website: 'https://peerjs.com/',
});

function queryOf(req: HttpRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(req.getQuery() ?? ''));
}

export class PeerJs {
  readonly realm: PeerJsRealm;
  readonly #deps: PeerJsDeps;
  readonly #inbox: JsonInbox<PeerJsSocketData>;
  readonly #early: EarlyFrames;
  readonly #gate: PeerJsGate | undefined;
  readonly #keys: PeerJsKeys;
  /** The ids of each app, as they were listed last. */
  readonly #lists = new Map<string | undefined, { readonly madeAt: number; readonly text: string }>();

  constructor(deps: PeerJsDeps) {
    this.#deps = deps;
    this.#inbox = new JsonInbox(deps, 'PeerJS', peerJsNotices.flood);
    const { options, admission, signaling, telemetry, authenticator, chaos } = deps;
    const { log, metrics } = telemetry;
    this.#early = new EarlyFrames({
      budget: admission.messages,
      now: () => signaling.queue.now,
      refused: (kind) => metrics.refused.add(kind),
    });
    this.#gate = authenticator && new PeerJsGate(authenticator, telemetry);
    this.#keys = parsePeerJsKeys(options.peerjsKey);
    this.realm = new PeerJsRealm(options, {
      keys: this.#keys,
      gate: this.#gate,
      received: (socket, bytes) => this.#handle(socket, (client) => this.#received(client, bytes)),
      signaling,
      log,
      places: admission,
      chaos,
      sockets: {
        maxUnsentBytes: options.maxUnsentBytes,
        queued: (bytes) => signaling.waiting.added(bytes),
        sent: (bytes) => {
          metrics.bytesSent += bytes;
        },
        unread: (address) => this.#inbox.refuse('unsent_bytes', address, 'It does not read what it is sent'),
      },
      refused: (kind, address, reason) => this.#inbox.refuse(kind, address, reason),
    });
  }

  addRoutes(app: App): void {
    const { options } = this.#deps;
    const path = `/${options.peerjsPath}/`.replaceAll(/\/+/g, '/');
    // The root serves this server's own page.
    if (path !== '/') this.#serve(app, path, () => ({ headers: [JSON_TYPE], body: ABOUT }));
    for (const [key, appOfKey] of this.#keys) {
      const api = `${path}${encodeURIComponent(key)}`;
      // A client without a token, as here, has no app on a server that asks for one.
      const isListed = options.peerjsDiscovery && (appOfKey !== undefined || !this.#gate);
      this.#serve(app, `${api}/id`, () => ({ headers: [HTML, NOT_KEPT], body: randomUUID() }));
      this.#serve(app, `${api}/peers`, () =>
        isListed
          ? { headers: [JSON_TYPE, NOT_KEPT], body: this.#listed(appOfKey) }
          : { status: '401 Unauthorized', headers: [TEXT], body: 'Unauthorized' },
      );
    }
    serveSockets<PeerJsSocketData>(app, `${path}peerjs`, this.#deps, {
      tokenParameter: this.#gate && TOKEN,
      claimsOf: (req) => ({ hasPlace: this.realm.isAwaited(queryOf(req).id ?? '') }),
      dataOf: (req, address) => {
        const { id = '', [TOKEN]: token = '', key = '' } = queryOf(req);
        const request = this.#gate?.keepsRequests ? upgradeRequestOf(req, TOKEN) : undefined;
        // They are kept, and are parts of a URL that may be long.
        const own = { id: ownText(id), token: ownText(token), key: ownText(key) };
        return { client: undefined, address, ...own, request };
      },
      opened: (socket) => this.realm.opened(socket),
      received: (socket, bytes) => {
        if (socket.getUserData().unauthenticated) this.#gate?.received(socket, bytes);
        else this.#handle(socket, (client) => this.#received(client, bytes));
      },
      controlled: (socket, bytes) => {
        if (socket.getUserData().unauthenticated) this.#early.count(socket, bytes);
        else this.#handle(socket, (client) => void this.#inbox.count(client, bytes));
      },
      closed: (socket, code) => this.realm.closed(socket, code),
    });
  }

  #serve(app: App, path: string, answer: () => Answer): void {
    serveGet(app, path, (req, res) => {
      const cors = corsHeaders(this.#deps, res, req);
      const given = answer();
      return { ...given, headers: [...(given.headers ?? []), ...cors] };
    });
  }

  /** Made at most once a second for all requests: the list may be long, and requests are cheap. */
  #listed(app: string | undefined): string {
    const { now } = this.#deps.signaling.queue;
    let list = this.#lists.get(app);
    if (list === undefined || now - list.madeAt >= LIST_MS)
      list = { madeAt: now, text: JSON.stringify(this.realm.idsOf(app)) };
    this.#lists.set(app, list);
    return list.text;
  }

  #handle(socket: PeerJsSocket, handle: (client: PeerJsClient) => void): void {
    this.#inbox.guard(socket.getUserData().client, socket, handle);
  }

  #received(client: PeerJsClient, bytes: ArrayBuffer): void {
    if (!this.#inbox.admits(client, bytes)) return;
    const description = readUsualDescription(new Uint8Array(bytes));
    if (description) {
      this.#accept(client, description, bytes);
      return;
    }
    const text = this.#inbox.textOf(client, bytes);
    if (text === undefined) return;
    const candidate = readUsualCandidate(text);
    if (candidate) this.#accept(client, candidate, bytes);
    else this.#parse(client, text, bytes);
  }

  #parse(client: PeerJsClient, text: string, bytes: ArrayBuffer): void {
    const value = this.#inbox.parse(client, text);
    if (value === undefined) return;
    const message = readPeerJsMessage(value);
    if (!message || !isRecord(value)) this.#inbox.passOver(client, 'invalid_message');
    else this.#accept(client, message, isPassedOnWhole(value) ? bytes : undefined);
  }

  #accept(client: PeerJsClient, message: PeerJsMessage, whole: ArrayBuffer | undefined): void {
    this.#deps.telemetry.metrics.received.add(message.type);
    this.realm.received(client, message, whole);
  }
}
