/**
 * The server's one hook for looking into it: the page's files, its feed, and the recorder. With --no-inspect and without
 * --record no host has an observer, and all of this costs nothing.
 */
import { closeCodes, type Evidence, type InspectRequest, pickEvidence } from '../../protocol/index.ts';
import { isSameToken } from '../admission/shared-token.ts';
import { answer, serveGet, TEXT } from '../http/answer.ts';
import type { App } from '../http/shell/shell.ts';
import { type ServedFile, serveFiles } from '../http/static-files.ts';
import { forbidden, refusalOf } from './access.ts';
import { FlowRequests } from './flow-requests.ts';
import { list } from './listing.ts';
import { readPeerStep } from './peer-steps.ts';
import { PopulationCount } from './population.ts';
import { RecentLogs } from './recent-logs.ts';
import { RecordFiles } from './record-files.ts';
import { Recorder } from './recorder.ts';
import { SessionTrails } from './session-trails.ts';
import type { Inspected, Instance, Source } from './source.ts';
import { readRequest, Viewer, type ViewerData } from './viewer.ts';

const FILES: readonly ServedFile[] = [
  { path: '/inspect/', file: 'inspector/page/index.html', type: 'text/html; charset=utf-8' },
  { path: '/inspect/page.js', file: 'inspector/page/page.js', type: 'text/javascript; charset=utf-8' },
  { path: '/inspect/page.css', file: 'inspector/page/page.css', type: 'text/css; charset=utf-8' },
];

const PERIOD_MS = 1_000;
/** For how long pairings are still followed after the last page left: it may be a reload. */
const LINGER_MS = 10_000;
const MAX_REQUEST_BYTES = 16 * 1024;
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** Pages that may look at once. */
const MAX_VIEWERS = 32;
/** Sockets that have not sent the token yet: so many at once, and each for so long. */
const MAX_WAITING = 32;
const TOKEN_TIMEOUT_MS = 10_000;
const CHECK_MS = 1_000;
const WRONG_TOKEN_CODE = 4401;
const { tryAgainLater } = closeCodes;

export class Inspector {
  /** What can be looked into. */
  readonly sources: Source[] = [];
  readonly #server: Inspected;
  readonly #logs: Recorder;
  readonly #recent: RecentLogs;
  readonly #trails: SessionTrails;
  readonly #flows: FlowRequests;
  readonly #viewers = new Set<Viewer>();
  /** Those that have not sent the token yet, the oldest first, and when they came. */
  readonly #waiting = new Map<Viewer, number>();
  #stopWaiting: (() => void) | undefined;
  /** As it was told last. */
  #network = '';
  #refusals = '';
  #files: RecordFiles | undefined;
  #sleep: (() => void) | undefined;
  #stopLingering: (() => void) | undefined;

  constructor(server: Inspected) {
    this.#server = server;
    this.#logs = new Recorder({ clock: server.clock, sources: this.sources });
    this.#recent = new RecentLogs(this.#logs);
    this.#flows = new FlowRequests(server.clock, this.#logs);
    this.#logs.follow({ wants: () => false, started() {}, well: (log) => this.#flows.ask(log) });
    this.#trails = new SessionTrails(server.clock, this.sources);
  }

  /** A part of the server can be looked into, from before the server starts. */
  add(...sources: readonly Source[]): void {
    this.sources.push(...sources);
  }

  /** How many pages look now. */
  get viewerCount(): number {
    return this.#viewers.size;
  }

  /** Call it once everything that can be inspected exists. @throws when the folder for the records cannot be made */
  start(): void {
    const { inspect, record, recordFiles } = this.#server.options;
    // A page may come later, and ask why a pairing failed that nobody watched.
    if (inspect) this.#recent.start();
    if (!record) return;
    this.#files = new RecordFiles(record, recordFiles, this.#logs, this.#server.log);
    this.#flows.start();
  }

  async stop(): Promise<void> {
    this.#sleep?.();
    this.#flows.stop();
    this.#logs.endAll();
    await this.#files?.close();
  }

  /** A client told of a step of its own machine. */
  peerStepped(session: Instance, step: object): void {
    if (!this.#server.options.inspect && !this.#files) return;
    const read = readPeerStep(step);
    if (read) this.#logs.notePeer(session, read);
  }

  /**
   * A client told how its connection comes up.
   * @param epoch of which pairing; undefined: of its only one
   */
  evidenceGiven(session: Instance, epoch: number | undefined, evidence: Evidence): void {
    this.#logs.noteEvidence(session, epoch, pickEvidence(evidence));
  }

  addRoutes(app: App): void {
    const { options } = this.#server;
    if (!options.inspect) return;
    serveFiles(app, FILES, { refusalOf: (req, res) => forbidden(refusalOf(res, req, options.inspectToken)) });
    serveGet(app, '/inspect', () => ({
      status: '308 Permanent Redirect',
      headers: [['location', 'inspect/']],
    }));
    app.ws<ViewerData>('/inspect/feed', {
      maxPayloadLength: MAX_REQUEST_BYTES,
      maxBackpressure: MAX_UNSENT_BYTES,
      closeOnBackpressureLimit: true,
      upgrade: (res, req, context) => {
        const refusal = forbidden(refusalOf(res, req, options.inspectToken));
        if (refusal) {
          answer(res, refusal);
          return;
        }
        const verdict =
          options.inspectToken === undefined ? undefined : this.#server.admission?.judge(res, req);
        if (verdict && 'refusal' in verdict) {
          const { kind, status, message } = verdict.refusal;
          this.#server.refused?.(kind);
          answer(res, { status, headers: [TEXT], body: `${message}\n` });
          return;
        }
        res.upgrade<ViewerData>(
          { viewer: undefined, address: verdict?.address },
          req.getHeader('sec-websocket-key'),
          req.getHeader('sec-websocket-protocol'),
          req.getHeader('sec-websocket-extensions'),
          context,
        );
      },
      open: (socket) => {
        const data = socket.getUserData();
        const viewer = new Viewer(socket);
        data.viewer = viewer;
        if (data.address !== undefined) this.#server.admission?.opened(data.address);
        if (options.inspectToken === undefined) this.#admit(viewer);
        else this.#await(viewer);
      },
      message: (socket, bytes) => {
        const { viewer } = socket.getUserData();
        const request = readRequest(bytes);
        if (viewer && request) this.#answer(viewer, request);
      },
      close: (socket) => {
        const { viewer, address } = socket.getUserData();
        if (address !== undefined) this.#server.admission?.closed(address);
        if (viewer) this.#left(viewer);
      },
    });
  }

  #answer(viewer: Viewer, request: InspectRequest): void {
    if (!viewer.isAdmitted) {
      if (request.type === 'auth') this.#checkToken(viewer, request.token);
      return;
    }
    switch (request.type) {
      case 'list': {
        const { clock } = this.#server;
        const past = { live: this.#recent.past, filed: this.#files?.index.all ?? [] };
        const times = { now: clock.now(), wallTime: clock.wallTime() };
        const listed = list(this.sources, past, request, times, (instance) => this.#logs.logOf(instance));
        viewer.send({ type: 'list', seq: request.seq, ...listed });
        return;
      }
      case 'watch':
        void this.#watch(viewer, request.epoch);
        return;
      case 'trail':
        this.#watchSession(viewer, request.id);
        return;
      case 'unwatch':
        viewer.wanted = undefined;
        viewer.unwatch();
        return;
    }
  }

  #checkToken(viewer: Viewer, given: string): void {
    // Whoever guesses wrong must not lock out the one who knows it: behind a proxy they have one address. What slows
    // guessing is the limit on new connections, and what makes it hopeless is the token's length.
    if (isSameToken(given, this.#server.options.inspectToken ?? '')) {
      this.#admit(viewer);
      return;
    }
    this.#server.refused?.('inspect_token');
    viewer.send({ type: 'token_needed', wrong: true });
    viewer.socket.end(WRONG_TOKEN_CODE, 'Wrong token');
  }

  /** Asks for the token, for a while; the oldest that has not sent it makes room for a new one. */
  #await(viewer: Viewer): void {
    const { clock } = this.#server;
    this.#waiting.set(viewer, clock.now());
    viewer.send({ type: 'token_needed', wrong: false });
    const [[oldest]] = this.#waiting as unknown as [[Viewer]];
    if (this.#waiting.size > MAX_WAITING) this.#dismiss(oldest);
    this.#stopWaiting ??= clock.every(CHECK_MS, () => {
      for (const [waiting, since] of this.#waiting)
        if (clock.now() - since >= TOKEN_TIMEOUT_MS) this.#dismiss(waiting);
    });
  }

  #dismiss(viewer: Viewer): void {
    this.#waited(viewer);
    this.#server.refused?.('inspect_token');
    viewer.socket.end(WRONG_TOKEN_CODE, 'No token came');
  }

  #waited(viewer: Viewer): void {
    this.#waiting.delete(viewer);
    if (this.#waiting.size > 0) return;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  #admit(viewer: Viewer): void {
    this.#waited(viewer);
    if (this.#viewers.size >= MAX_VIEWERS) {
      this.#server.refused?.('viewers');
      viewer.socket.end(tryAgainLater, 'As many pages look as may');
      return;
    }
    viewer.isAdmitted = true;
    this.#viewers.add(viewer);
    const network = this.#server.network?.();
    const machines = [...new Set(this.sources.map(({ machine }) => machine))];
    const { node } = this.#server;
    viewer.send({ type: 'hello', version: '1', machines, ...(node !== undefined && { node }) });
    if (network) viewer.send({ type: 'network', network });
    // What others were told already, this one is told with the next tick.
    this.#refusals = '';
    this.#wake();
  }

  #left(viewer: Viewer): void {
    viewer.unwatch();
    this.#waited(viewer);
    // One that was never let in leaves nothing behind.
    if (!this.#viewers.delete(viewer)) return;
    if (this.#viewers.size > 0 || !this.#sleep) return;
    this.#stopLingering = this.#server.clock.every(LINGER_MS, () => this.#sleep?.());
  }

  async #watch(viewer: Viewer, epoch: number): Promise<void> {
    viewer.wanted = epoch;
    const log = this.#recent.get(epoch) ?? this.#logs.open(epoch);
    if (log) {
      viewer.watch(log, this.#recent.usual.medians);
      this.#recent.add(log);
      this.#flows.ask(log);
      return;
    }
    viewer.unwatch();
    const record = await this.#files?.index.read(epoch);
    // It may have left, or want another one by now.
    if (!this.#viewers.has(viewer) || viewer.wanted !== epoch) return;
    viewer.send(
      record ? { type: 'record', record, usual: this.#recent.usual.medians } : { type: 'not_found', epoch },
    );
  }

  #watchSession(viewer: Viewer, id: string): void {
    viewer.wanted = undefined;
    viewer.unwatch();
    const trail = this.#trails.find(id);
    if (trail) viewer.watch(trail);
    else viewer.send({ type: 'no_session', id });
  }

  /** Told anew only when it changed. */
  #tellRefusals(before: ReadonlyMap<string, number>): void {
    const kinds = [...(this.#server.refusals?.() ?? [])]
      .map(([kind, total]) => ({ kind, total, lately: total - (before.get(kind) ?? 0) }))
      .sort((one, other) => other.lately - one.lately || other.total - one.total);
    const message = { type: 'refusals', kinds, recent: this.#trails.recentRefusals } as const;
    const text = JSON.stringify(message);
    if (text === this.#refusals) return;
    this.#refusals = text;
    for (const viewer of this.#viewers) viewer.send(message);
  }

  /** Told anew only when it changed: it may be long. */
  #tellNetwork(): void {
    const network = this.#server.network?.();
    if (!network) return;
    const text = JSON.stringify(network);
    if (text === this.#network) return;
    this.#network = text;
    for (const viewer of this.#viewers) viewer.send({ type: 'network', network });
  }

  /** Somebody looks: count, and follow what is new. */
  #wake(): void {
    this.#stopLingering?.();
    this.#stopLingering = undefined;
    if (this.#sleep) return;
    const { clock } = this.#server;
    const count = new PopulationCount(this.sources);
    this.#recent.look();
    this.#trails.start();
    this.#flows.start();
    const refusedBefore = new Map(this.#server.refusals?.());
    let last = clock.now();
    const tell = () => {
      const now = clock.now();
      const machines = count.take(Math.max(now - last, 1));
      last = now;
      for (const viewer of this.#viewers) viewer.send({ type: 'population', machines });
      this.#tellNetwork();
      this.#tellRefusals(refusedBefore);
    };
    const stopTelling = clock.every(PERIOD_MS, tell);
    this.#sleep = () => {
      this.#sleep = undefined;
      this.#stopLingering?.();
      this.#stopLingering = undefined;
      stopTelling();
      count.stop();
      this.#recent.rest();
      this.#trails.stop();
      if (!this.#files) this.#flows.stop();
    };
  }
}
