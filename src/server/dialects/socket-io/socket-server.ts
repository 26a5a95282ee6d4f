/**
 * Socket.IO on the server's own port. It brings its own transports (polling, WebSocket, and the upgrade between them)
 * and its own pings; everything else, including the limits, is ours. Only this file of the server uses Socket.IO.
 */
import { Server as SocketServer } from 'socket.io';
import { NO_TIMER, type TimerOwner } from '../../../machines/index.ts';
import type { RoomEvents } from '../../../protocol/index.ts';
import type { Admission } from '../../admission/admission.ts';
import { SendingRate } from '../../admission/rate-limits.ts';
import { type RequestFacts, readFacts } from '../../admission/request-facts.ts';
import { answer, TEXT } from '../../http/answer.ts';
import { maxFrameBytes } from '../../http/frame-limit.ts';
import type { App, HttpRequest, HttpResponse, WebSocketBehavior } from '../../http/shell/shell.ts';
import type { ServerOptions } from '../../options.ts';
import {
  type LimitedConnection,
  limitFrames,
  limitPackets,
  limitPayload,
  type PacketConnection,
  type PacketLimitsDeps,
} from './packet-limits.ts';

/** A client's socket, whatever transport it currently uses. */
export interface RoomSocket extends TimerOwner {
  readonly id: string;
  /** As limits count it. */
  readonly address: string;
  /** Counts everything that the client sends. */
  readonly rate: SendingRate;
  /**
   * It said that it comes back to the place that is kept for it, was let in above the limits for that, and is not back
   * yet.
   */
  claimsPlace: boolean;
  emit<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]): void;
  /** Whether a signal of this many bytes may be sent before the client has read what was already sent. */
  hasRoomFor(bytes: number): boolean;
  /**
   * Asks the client for a sign of life now.
   * @returns whether it answered in time
   */
  isAlive(): Promise<boolean>;
  close(): void;
  /** Ends its connection as if it were lost: its client comes back by itself. */
  drop(): void;
}

export interface RoomSocketHandlers {
  /** A client was not let in, for a reason of that kind. */
  refused(kind: string): void;
  /** Settings for the limits on packets below the events. */
  readonly packetLimits: Omit<PacketLimitsDeps, 'options'>;
  opened(socket: RoomSocket): void;
  /** @param reply undefined if the client asked for no acknowledgement */
  requested(
    socket: RoomSocket,
    name: string,
    fields: unknown,
    reply: ((answer: object) => void) | undefined,
  ): void;
  /** @param isGoodbye the client closed it on purpose */
  closed(socket: RoomSocket, isGoodbye: boolean): void;
}

/** The members used of the connection below Socket.IO's. */
interface EngineConnection extends PacketConnection {
  readonly request: object;
  readonly transport: { readonly name: string; closeTimeout?: number };
  once(event: 'close', listener: (reason: string) => void): void;
}

/** How long a client has to answer when another one wants its place: it may have lost its network unnoticed. */
const SIGN_OF_LIFE_MS = 1_500;

/** A polling client learns of its end at its next poll; one that never polls again must not hold us up for 30 s. */
const POLL_CLOSE_TIMEOUT_MS = 500;

/** Socket.IO cannot switch its pings off; this interval stands for "never". */
const NEVER_MS = 86_400_000;

/** @returns a function that ends all sockets without calling the handlers */
export function serveSocketIo(
  app: App,
  options: ServerOptions,
  admission: Admission,
  handlers: RoomSocketHandlers,
): () => Promise<void> {
  const { maxMessageBytes, pingIntervalMs, pingTimeoutMs } = options;
  const limits: PacketLimitsDeps = { options, ...handlers.packetLimits };
  const io = new SocketServer({
    path: '/socket.io',
    // Our own limit is lower and answers with an error; above this one, Socket.IO ends the connection without a word.
    maxHttpBufferSize: maxFrameBytes(maxMessageBytes),
    pingInterval: pingIntervalMs || NEVER_MS,
    pingTimeout: pingTimeoutMs || NEVER_MS,
    connectTimeout: options.firstMessageTimeoutMs || NEVER_MS,
    httpCompression: false,
    // Browsers send no CORS request for a page of this server itself.
    cors: {
      origin: (origin, decide) => decide(null, admission.origins.corsOrigin(origin ?? '', '') ?? false),
    },
    allowRequest(request, decide) {
      const facts = factsOf(request);
      if (facts.claimsPlace && admission.isAwaited(admission.addressOf(facts))) closeStranger();
      const verdict = admission.judgeRequest(facts, { hasPlace: facts.claimsPlace });
      if ('refusal' in verdict) {
        handlers.refused(verdict.refusal.kind);
        decide(verdict.refusal.message, false);
      } else decide(undefined, true);
    },
  });
  const facts = new WeakMap<object, HandshakeFacts>();
  /** Socket.IO passes on the same request object that uWebSockets.js made. */
  const factsOf = (request: object) => {
    const known = facts.get(request);
    if (!known) throw new Error('Socket.IO handed on a request that did not come through the app');
    return known;
  };
  /** Those that claim a place, oldest first, each with its socket once it has one. */
  const claims = new Map<EngineConnection, RoomSocket | undefined>();
  /**
   * On a full server, closes one that claims a place from an address where nobody is waited for: whoever only says that
   * it comes back must not keep out who does.
   */
  const closeStranger = () => {
    if (!admission.isFull) return;
    for (const [connection, socket] of claims) {
      if (socket && !socket.claimsPlace) claims.delete(connection);
      else if (!admission.isAwaited(admission.addressOf(factsOf(connection.request)))) {
        // One that never joined the namespace is counted when its connection closes.
        if (socket) handlers.refused('connections');
        connection.close(true);
        return;
      }
    }
  };
  let isStopped = false;
  const joined = new WeakSet<EngineConnection>();
  const limited = new Map<object, LimitedConnection>();
  limits.waiting.addSource(() => limited.values());
  io.attachApp(guarded(app, limits, facts));
  io.engine.on('connection', (connection: EngineConnection) => {
    const facts = factsOf(connection.request);
    const address = admission.addressOf(facts);
    if (facts.claimsPlace) claims.set(connection, undefined);
    connection.transport.closeTimeout = POLL_CLOSE_TIMEOUT_MS;
    const own = limitPackets(connection, address, limits);
    limited.set(connection, own);
    admission.opened(address);
    connection.once('close', (reason) => {
      admission.closed(address);
      limited.delete(connection);
      claims.delete(connection);
      // Nobody else closes a connection that never joined the namespace.
      if (reason === 'forced close' && !isStopped && !own.isEnded && !joined.has(connection))
        handlers.refused('first_message');
    });
  });
  io.on('connection', (socket) => {
    joined.add(socket.conn as never);
    const isAlive = signOfLife(socket.conn as never);
    const facts = factsOf(socket.conn.request);
    const own: RoomSocket = {
      id: socket.id,
      address: admission.addressOf(facts),
      claimsPlace: facts.claimsPlace,
      timer: NO_TIMER,
      rate: limited.get(socket.conn)?.rate ?? new SendingRate(),
      hasRoomFor: (bytes) => limited.get(socket.conn)?.hasRoomFor(bytes) ?? false,
      isAlive,
      emit: (name, event) => void socket.emit(name, event),
      close: () => void socket.disconnect(true),
      drop: () => socket.conn.close(),
    };
    if (claims.has(socket.conn as never)) claims.set(socket.conn as never, own);
    handlers.opened(own);
    socket.onAny((name: string, ...args: unknown[]) => {
      const last = args.at(-1);
      const reply = typeof last === 'function' ? (last as (answer: object) => void) : undefined;
      handlers.requested(own, name, args[0] === reply ? undefined : args[0], reply);
    });
    socket.on('disconnect', (reason) => {
      if (!isStopped) handlers.closed(own, reason === 'client namespace disconnect');
    });
  });
  return async () => {
    isStopped = true;
    await io.close();
  };
}

/** The members that an extra ping needs of the connection below Socket.IO's, beyond its typings. */
interface PingableConnection {
  sendPacket(type: 'ping'): void;
  once(event: 'packet' | 'close', listener: () => void): void;
  off(event: 'packet' | 'close', listener: () => void): void;
}

/** @returns a function that asks for a sign of life; simultaneous callers share one ping */
function signOfLife(connection: PingableConnection): () => Promise<boolean> {
  let asking: Promise<boolean> | undefined;
  return () => {
    asking ??= new Promise<boolean>((resolve) => {
      const end = (isAlive: boolean) => {
        clearTimeout(deadline);
        connection.off('packet', heard);
        connection.off('close', gone);
        asking = undefined;
        resolve(isAlive);
      };
      const [heard, gone] = [() => end(true), () => end(false)];
      const deadline = setTimeout(gone, SIGN_OF_LIFE_MS);
      deadline.unref();
      connection.once('packet', heard);
      connection.once('close', gone);
      connection.sendPacket('ping');
    });
    return asking;
  };
}

const NO_WEBSOCKET = {
  status: '400 Bad Request',
  headers: [TEXT],
  body: 'A WebSocket needs transport=websocket.\n',
} as const;

/**
 * Reads the query as Engine.IO does: the last value of a repeated name counts. For an upgrade request with polling as
 * its transport, Engine.IO makes a polling session and then writes to a response that does not exist, which throws
 * where nobody catches it: one such request ended the process.
 */
function isForWebSocket(req: HttpRequest): boolean {
  return new URLSearchParams(req.getQuery()).getAll('transport').at(-1) === 'websocket';
}

interface HandshakeFacts extends RequestFacts {
  readonly claimsPlace: boolean;
}

function readHandshake(res: HttpResponse, req: HttpRequest): HandshakeFacts {
  return { ...readFacts(res, req), claimsPlace: req.getQuery('resume') === 'back' };
}

/**
 * The app as Socket.IO sees it. Socket.IO reads only the last line of a repeated header, answers any number of polling
 * requests on a connection, and does not check whether uWebSockets.js dropped what it sent.
 */
function guarded(app: App, limits: PacketLimitsDeps, facts: WeakMap<object, HandshakeFacts>) {
  // The methods that `attachApp` calls; the first two are chained.
  const limited = {
    any(path: string, handler: Parameters<App['any']>[1]) {
      app.any(path, (res, req) => {
        facts.set(req, readHandshake(res, req));
        const end = res.end.bind(res);
        res.end = (body) => end(body, true);
        const onData = res.onData.bind(res);
        res.onData = (handle) => onData(limitPayload(res, handle, limits));
        return handler(res, req);
      });
      return limited;
    },
    ws(path: string, behavior: WebSocketBehavior<unknown>) {
      app.ws(path, {
        ...limitFrames(behavior, limits),
        // A client that lost a message must be closed.
        maxBackpressure: limits.options.maxUnsentBytes,
        closeOnBackpressureLimit: true,
        upgrade(res, req, context) {
          if (!isForWebSocket(req)) {
            answer(res, NO_WEBSOCKET);
            return;
          }
          facts.set(req, readHandshake(res, req));
          behavior.upgrade?.(res, req, context);
        },
      });
      return limited;
    },
    get: app.get.bind(app),
    publish: app.publish.bind(app),
  };
  return limited;
}
