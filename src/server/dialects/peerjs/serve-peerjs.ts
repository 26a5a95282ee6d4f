/** PeerJS's routes: its ids over HTTP, and its socket. What is wrong is passed over, as by the original, and counted. */
import { randomUUID } from 'node:crypto';
import { shapeFault } from '../../../common/message-shape.ts';
import { closeCodes, errorMessages, peerJsNotices, readPeerJsMessage } from '../../../protocol/index.ts';
import type { Origins } from '../../admission/origins.ts';
import { type SocketRouteDeps, serveSockets } from '../../admission/serve-sockets.ts';
import { type Answer, NOT_KEPT, serveGet, TEXT } from '../../http/answer.ts';
import type { TemplatedApp } from '../../http/uws.ts';
import type { NodeId } from '../../node-id.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { RefusalLog } from '../../telemetry/refusal-log.ts';
import type { PeerJsClient, PeerJsSocket, PeerJsSocketData } from './peerjs-client.ts';
import { PeerJsRealm } from './realm.ts';

export interface PeerJsDeps extends SocketRouteDeps {
  readonly node: NodeId;
  readonly signaling: Signaling;
  readonly origins: Origins;
  readonly refusals: RefusalLog;
  readonly log: Logger;
}

const HTML = ['content-type', 'text/html; charset=utf-8'] as const;
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8'] as const;
const ABOUT = JSON.stringify({
  name: 'PeerJS Server',
  description: 'A server side element to broker connections between PeerJS clients.',
  website: 'https://peerjs.com/',
});

/** Upstream takes text in binary frames, too. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class PeerJs {
  readonly realm: PeerJsRealm;
  readonly #deps: PeerJsDeps;

  constructor(deps: PeerJsDeps) {
    this.#deps = deps;
    const { options, metrics, admission, signaling, node, log } = deps;
    this.realm = new PeerJsRealm({
      ...{ node, signaling, log, places: admission, key: options.peerjsKey },
      maxUnsentBytes: options.maxUnsentBytes,
      sent: (bytes) => {
        metrics.bytesSent += bytes;
      },
      unread: (address) => this.#refuse('unsent_bytes', address, 'It does not read what it is sent'),
      refused: (kind, address, reason) => this.#refuse(kind, address, reason),
    });
  }

  addRoutes(app: TemplatedApp): void {
    const { options } = this.#deps;
    const path = `/${options.peerjsPath}/`.replaceAll(/\/+/g, '/');
    const api = `${path}${encodeURIComponent(options.peerjsKey)}`;
    // At the root is this server's own page.
    if (path !== '/') this.#serve(app, path, () => ({ headers: [JSON_TYPE], body: ABOUT }));
    this.#serve(app, `${api}/id`, () => ({ headers: [HTML, NOT_KEPT], body: this.#freeId() }));
    this.#serve(app, `${api}/peers`, () =>
      options.peerjsDiscovery
        ? { headers: [JSON_TYPE, NOT_KEPT], body: JSON.stringify(this.realm.ids) }
        : { status: '401 Unauthorized', headers: [TEXT], body: 'Unauthorized' },
    );
    serveSockets<PeerJsSocketData>(app, `${path}peerjs`, this.#deps, {
      dataOf: (req, address) => {
        const query = Object.fromEntries(new URLSearchParams(req.getQuery() ?? ''));
        const { id = '', token = '', key = '' } = query;
        return { client: undefined, address, id, token, key };
      },
      opened: (socket) => this.realm.opened(socket),
      received: (socket, bytes) => this.#guard(socket, (client) => this.#received(client, bytes)),
      controlled: (socket, bytes) => this.#guard(socket, (client) => void this.#take(client, bytes)),
      closed: (socket, code) => this.realm.closed(socket, code),
    });
  }

  #serve(app: TemplatedApp, path: string, answer: () => Answer): void {
    const { origins } = this.#deps;
    serveGet(app, path, (req) => {
      const cors = origins.corsHeaders(req.getHeader('origin'), req.getHeader('host'));
      const given = answer();
      return { ...given, headers: [...(given.headers ?? []), ...cors] };
    });
  }

  #freeId(): string {
    let id = randomUUID();
    while (this.realm.has(id)) id = randomUUID();
    return id;
  }

  /** Whatever throws inside a handler would end the process, and everybody's session with it. */
  #guard(socket: PeerJsSocket, handle: (client: PeerJsClient) => void): void {
    const { client } = socket.getUserData();
    // What comes on a socket that was taken over, or ended, is nobody's word.
    if (!client?.session || client.socket !== socket) return;
    try {
      handle(client);
    } catch (error) {
      this.#deps.signaling.sessions.fail(client.session, error, 'receive');
    }
  }

  #received(client: PeerJsClient, bytes: ArrayBuffer): void {
    if (!this.#take(client, bytes.byteLength)) return;
    const { options, metrics } = this.#deps;
    if (options.maxMessageBytes > 0 && bytes.byteLength > options.maxMessageBytes) {
      this.#passOver(client, 'message_too_large');
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(utf8.decode(bytes));
    } catch {
      this.#passOver(client, 'invalid_json');
      return;
    }
    const message = shapeFault(value) ? undefined : readPeerJsMessage(value);
    if (!message) {
      this.#passOver(client, 'invalid_message');
      return;
    }
    metrics.received.add(message.type);
    this.realm.received(client, message);
  }

  #take(client: PeerJsClient, bytes: number): boolean {
    const { signaling, metrics, options } = this.#deps;
    const { now } = signaling.queue;
    metrics.bytesReceived += bytes;
    if (client.session) signaling.sessions.heard(client.session, now);
    const flood = client.rate.take(now, bytes, options);
    if (!flood) return true;
    const { code, isFirst, isLast } = flood;
    if (isFirst) this.#passOver(client, code);
    if (isLast) {
      metrics.refused.add('flood');
      client.write(peerJsNotices.flood);
      client.end(closeCodes.policyViolation, errorMessages[code]);
    }
    return false;
  }

  #passOver({ address }: PeerJsClient, code: keyof typeof errorMessages): void {
    this.#refuse(code, address, errorMessages[code]);
  }

  #refuse(kind: string, address: string, reason: string): void {
    const { metrics, refusals } = this.#deps;
    metrics.refused.add(kind);
    refusals.warn(kind, address, `Refused a message of a PeerJS client: ${reason}`);
  }
}
