/** A server with its inspector, peers at the homes and in this process, and the inspector's verdicts on them. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { createPeer, type PeerOptions } from '../../src/client/index.ts';
import { systemClock } from '../../src/common/clock.ts';
import { diagnose } from '../../src/inspector/records/diagnose-pairing.ts';
import type { Finding } from '../../src/inspector/records/finding.ts';
import { outcomeOf } from '../../src/inspector/records/outcome.ts';
import { refusalWords } from '../../src/inspector/records/refusal-words.ts';
import { isStep, type OutcomeKind, type PairingRecord } from '../../src/protocol/index.ts';
import { type SignalingServer, startServer } from '../../src/server/index.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import { Feed } from './feed.ts';
import { type Networks, type PlaceName, SERVER_ADDRESS } from './networks.ts';
import type { Actor, Place } from './place.ts';

const DEADLINE_MS = 90_000;
const ASK_MS = 50;
/** The right cause has to be reported within this time. */
export const PROMISE_MS = 2_000;

export interface Verdict {
  readonly kind: string;
  readonly cause: string;
  /** The time from the failure, or the connection, to the inspector's verdict. */
  readonly afterMs: number;
  /** Findings that report a problem. */
  readonly alarms: readonly string[];
}

export interface Wanted {
  readonly kind: OutcomeKind;
  readonly cause: RegExp;
}

/** A client whose frames the fault sends itself. */
export interface RawClient {
  readonly id: string;
  send(message: object): void;
  next(type: string): Promise<Record<string, unknown>>;
  close(): void;
}

/** The homes and their processes, which are reused by all faults, since starting one takes seconds. */
export interface World {
  readonly networks: Networks;
  readonly places: Readonly<Record<PlaceName, Place>>;
}

export class Stage {
  readonly networks: Networks | undefined;
  readonly feed: Feed;
  readonly #world: World | undefined;
  readonly #server: SignalingServer;
  readonly #ends: (() => unknown)[] = [];

  private constructor(world: World | undefined, server: SignalingServer, feed: Feed) {
    this.#world = world;
    this.networks = world?.networks;
    this.#server = server;
    this.feed = feed;
  }

  static async open(
    world: World | undefined,
    options: Partial<ServerOptions>,
    clockOffMs: number,
  ): Promise<Stage> {
    const clock = { ...systemClock, wallTime: () => systemClock.wallTime() + clockOffMs };
    const given = { port: 0, host: ['0.0.0.0'], logLevel: 'silent', ...options } as const;
    const server = await startServer(given, { clock });
    return new Stage(world, server, await Feed.open(server.port));
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.port}/`;
  }

  /** The server's URL as seen from the homes. */
  get publicUrl(): string {
    return `ws://${SERVER_ADDRESS}:${this.#server.port}/`;
  }

  place(name: PlaceName): Place {
    const place = this.#world?.places[name];
    if (!place) throw new Error('there are no networks');
    return place;
  }

  /** Creates a peer at a home, with the STUN and TURN servers that the server names. */
  at(name: PlaceName, options: Partial<PeerOptions> = {}): Promise<Actor> {
    return this.place(name).create({ ...this.#common, url: this.publicUrl, ...options });
  }

  /** Creates a peer in a browser at a home. */
  inBrowserAt(name: PlaceName, options: Partial<PeerOptions> = {}): Promise<Actor> {
    return this.place(name).browse(this.publicUrl.replace('ws:', 'http:'), { ...this.#common, ...options });
  }

  /** Creates a peer in this process: on the internet or, without homes, on this machine. */
  async peer(options: Partial<PeerOptions> = {}): Promise<Actor> {
    const peer = await createPeer({
      ...this.#common,
      url: this.url,
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      ...options,
    });
    peer.on('error', () => {});
    this.#ends.push(() => peer.close({ atOnce: true }));
    return {
      id: String(peer.id),
      pair: (target) => peer.pair(target),
      opened: () => peer.opened(),
      send: (text) => peer.send(text),
    };
  }

  get #common(): Partial<PeerOptions> {
    return { maxRestarts: 0, timeouts: { checkingMs: 5_000 }, inspect: true };
  }

  async raw(path = ''): Promise<RawClient> {
    const socket = new WebSocket(`${this.url}${path}`);
    const inbox: Record<string, unknown>[] = [];
    socket.on('message', (data) => inbox.push(JSON.parse(String(data))));
    socket.on('error', () => {});
    this.onEnd(() => socket.terminate());
    const next = async (type: string) => {
      for (;;) {
        const at = inbox.findIndex((message) => message.type === type);
        if (at >= 0) return inbox.splice(at, 1)[0] as Record<string, unknown>;
        await once(socket, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) });
      }
    };
    const { id } = await next('your_id');
    return {
      id: String(id),
      next,
      send: (message) => socket.send(JSON.stringify(message)),
      close: () => socket.close(),
    };
  }

  onEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  /**
   * Polls the inspector for the newest pairing until its verdict is the wanted one, or the time allowed for it is over.
   */
  async verdict({ kind, cause }: Wanted): Promise<Verdict> {
    const until = performance.now() + DEADLINE_MS;
    let promisedUntil = Number.POSITIVE_INFINITY;
    for (;;) {
      const [row] = await this.feed.pairings();
      const record = row?.epoch === undefined ? undefined : await this.feed.record(row.epoch);
      const verdict = record ? judge(record, row?.age_ms ?? 0) : nothing;
      const isSettled = verdict.kind !== 'open' && verdict.kind !== 'stuck' && verdict.kind !== 'none';
      // A pairing that fails after it was connected is connected until then.
      const isRightKind = isSettled && (verdict.kind === kind || verdict.kind !== 'connected');
      if (isRightKind && promisedUntil === Number.POSITIVE_INFINITY)
        promisedUntil = performance.now() + PROMISE_MS;
      if (isRightKind && verdict.kind === kind && cause.test(verdict.cause)) return verdict;
      if (performance.now() > Math.min(until, promisedUntil)) return verdict;
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  /** The verdict on a session without a pairing, once it was refused with that code. */
  async sessionVerdict(id: string, code: string): Promise<Verdict> {
    const since = performance.now();
    for (;;) {
      const findings = diagnose(await this.feed.trail(id));
      if (findings.some(({ text }) => text.includes(code)) || performance.now() - since > DEADLINE_MS)
        return { kind: 'refused', ...inWords(findings), afterMs: Math.round(performance.now() - since) };
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    }
  }

  /** The verdict on a refusal that happened before there was a session. */
  async refusal(kind: string): Promise<Verdict> {
    const since = performance.now();
    await this.feed.refused(kind);
    const cause = refusalWords(kind) ?? kind;
    return { kind: 'refused', cause, alarms: [], afterMs: Math.round(performance.now() - since) };
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#world?.places ?? {}).map((place) => place.closeAll()));
    for (const end of this.#ends.reverse()) await end();
    this.feed.close();
    await this.#server.stop();
    this.networks?.reset();
  }
}

const nothing: Verdict = { kind: 'none', cause: 'nothing', afterMs: 0, alarms: [] };

function judge(record: PairingRecord, age_ms: number): Verdict {
  const findings = diagnose(record);
  const shownBy = findings[0]?.evidence?.at(-1);
  const line = shownBy === undefined ? record.lines.filter(isStep).at(-1) : record.lines[shownBy];
  const afterMs = Math.max(0, Math.round(age_ms - (line?.t ?? 0)));
  return { kind: outcomeOf(record, age_ms).kind, ...inWords(findings), afterMs };
}

function inWords(findings: readonly Finding[]): Pick<Verdict, 'cause' | 'alarms'> {
  return {
    cause: findings[0]?.text ?? 'nothing',
    alarms: findings.filter(({ kind }) => kind === 'bad').map(({ text }) => text),
  };
}
