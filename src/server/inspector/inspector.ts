/**
 * The server's one hook for the inspector: what is counted, kept and recorded, and what each page is told. With
 * --no-inspect and without --record no host has an observer, and none of this costs anything.
 */
import {
  disconnectReasons,
  type Evidence,
  type InspectMessage,
  type InspectRequest,
  type ListRequest,
  pickEvidence,
  type RoomEdgeFacts,
  type ViewMessage,
} from '../../protocol/index.ts';
import { ChaosButtons } from './chaos-buttons.ts';
import { FleetLook, type OtherWorkers } from './fleet-look.ts';
import type { PartList, PartListRequest } from './fleet-parts.ts';
import { FlowRequests } from './flow-requests.ts';
import { causeIn, type Found, find } from './listing.ts';
import type { LiveRecord } from './live-record.ts';
import { readPeerStep } from './peer-steps.ts';
import { PopulationCount } from './population.ts';
import { RecentLogs } from './recent-logs.ts';
import { RecordFiles } from './record-files.ts';
import { Recorder } from './recorder.ts';
import { SessionTrails } from './session-trails.ts';
import type { Inspected, Instance, Source } from './source.ts';
import { type Look, Viewer } from './viewer.ts';

const PERIOD_MS = 1_000;
/** How long pairings are still followed after the last page left: it may only be reloading. */
const LINGER_MS = 10_000;

export class Inspector {
  /** The machines that can be inspected. */
  readonly sources: Source[] = [];
  readonly server: Inspected;
  readonly #logs: Recorder;
  readonly #recent: RecentLogs;
  readonly #trails: SessionTrails;
  readonly #flows: FlowRequests;
  readonly #viewers = new Set<Viewer>();
  /** Undefined for a server that disturbs nothing on purpose. */
  readonly #chaos: ChaosButtons | undefined;
  /** The JSON that was sent last. */
  #network = '';
  #traffic = '';
  #refusals = '';
  /** For a worker: the other workers, and how many there are including this one. */
  fleet: { readonly workers: number; readonly others: OtherWorkers } | undefined;
  #files: RecordFiles | undefined;
  #sleep: (() => void) | undefined;
  #stopLingering: (() => void) | undefined;

  constructor(server: Inspected) {
    this.server = server;
    this.#logs = new Recorder({ clock: server.clock, sources: this.sources });
    this.#recent = new RecentLogs(this.#logs);
    this.#flows = new FlowRequests(server.clock, this.#logs);
    this.#logs.follow({
      wants: () => false,
      started() {},
      began: (log) => this.#show(log),
      well: (log) => this.#flows.ask(log),
    });
    this.#trails = new SessionTrails(server.clock, this.sources, (trail) => {
      for (const viewer of this.#viewersOf(trail.header.initiator_id)) viewer.watch(trail);
    });
    const { chaos, log, options } = server;
    const tell = (message: InspectMessage) => {
      for (const viewer of this.#viewers) viewer.send(message);
    };
    this.#chaos = chaos && new ChaosButtons({ chaos, log, mayChange: options.chaosButtons === true, tell });
  }

  /** Makes a part of the server available for inspection; call it before the server starts. */
  add(...sources: readonly Source[]): void {
    this.sources.push(...sources);
  }

  /** Whether that node is another worker of this server, and serves. */
  isWorker(node: number): boolean {
    return this.fleet?.others.isNode(node) === true;
  }

  /** How many pages are connected now. */
  get viewerCount(): number {
    return this.#viewers.size;
  }

  /**
   * Call it once everything that can be inspected exists.
   * @throws when the folder for the records cannot be created
   */
  start(): void {
    const { inspect, record, recordFiles } = this.server.options;
    // Records without a page, too: one may be opened later to find out why a pairing failed that nobody watched.
    if (inspect) this.#recent.start();
    if (!record) return;
    this.#files = new RecordFiles(record, recordFiles, this.#logs, this.server.log);
    this.#flows.start();
  }

  async stop(): Promise<void> {
    this.#sleep?.();
    this.#flows.stop();
    this.#logs.endAll();
    await this.#files?.close();
  }

  /** A client reported a step of its own machine. */
  peerStepped(session: Instance, step: object): void {
    if (!this.server.options.inspect && !this.#files) return;
    const read = readPeerStep(step);
    if (read) this.#logs.notePeer(session, read);
  }

  /**
   * A client reported how its connection is being established.
   * @param epoch the pairing; undefined: the client's only one
   */
  evidenceGiven(session: Instance, epoch: number | undefined, evidence: Evidence): void {
    this.#logs.noteEvidence(session, epoch, pickEvidence(evidence));
  }

  /**
   * Opens a view: of all workers, if this is one of several.
   * @param send receives answers and events
   */
  open(send: (message: InspectMessage) => void): Look {
    const { clock, node = 0 } = this.server;
    if (!this.fleet) return this.look(send);
    return new FleetLook({
      ...this.fleet,
      clock,
      node,
      lookHere: (told) => this.look(told),
      listHere: (request) => this.listPart(request),
      send,
    });
  }

  /** Opens a view of this worker only. */
  look(send: (message: InspectMessage) => void): Look {
    const viewer = new Viewer(send);
    this.#viewers.add(viewer);
    const network = this.server.network?.();
    const machines = [...new Set(this.sources.map(({ machine }) => machine))];
    const { node, hasGames, view } = this.server;
    viewer.send({
      type: 'hello',
      version: '1',
      machines,
      ...(node !== undefined && { node }),
      ...(hasGames && { has_games: true }),
      ...(view && { has_rooms: true }),
    });
    if (network) viewer.send({ type: 'network', network });
    if (this.#chaos) viewer.send(this.#chaos.message);
    // The other viewers have been told already; this one is told with the next tick.
    this.#refusals = '';
    this.#traffic = '';
    this.#wake();
    return { ask: (request) => this.#answer(viewer, request), close: () => this.#leave(viewer) };
  }

  /** This worker's part of a list across several workers. */
  listPart({ type, seq, list, nodes }: PartListRequest): PartList {
    const found = this.#find(
      list,
      nodes.filter((node) => node !== this.server.node),
    );
    const { total } = found;
    if (type === 'rows')
      return { type: 'part_list', seq, total, rows: found.rows(list), ranks: found.ranks(list) };
    const { offset, sort } = list;
    return { type: 'part_list', seq, total, rows: [], ranks: found.ranks({ offset: 0, sort }, offset) };
  }

  #leave(viewer: Viewer): void {
    viewer.unwatch();
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0 || !this.#sleep) return;
    this.#stopLingering = this.server.clock.every(LINGER_MS, () => this.#sleep?.());
  }

  #find(request: ListRequest, others?: readonly number[]): Found {
    const { clock } = this.server;
    return find(
      request,
      {
        sources: this.sources,
        past: { live: this.#recent.past, filed: this.#files?.index.all ?? [] },
        times: { now: clock.now(), wallTime: clock.wallTime() },
        logOf: (instance) => this.#logs.logOf(instance),
      },
      others,
    );
  }

  #answer(viewer: Viewer, request: InspectRequest): void {
    switch (request.type) {
      case 'list': {
        const found = this.#find(request);
        viewer.send({ type: 'list', seq: request.seq, total: found.total, rows: found.rows(request) });
        return;
      }
      case 'watch':
        void this.#watch(viewer, request.epoch);
        return;
      case 'trail':
        this.#watchSession(viewer, request.id);
        return;
      case 'rooms':
      case 'room':
      case 'nodes':
        viewer.lookAt(request);
        this.#tellView(viewer);
        return;
      case 'unwatch':
        viewer.lookAt(undefined);
        return;
      case 'chaos':
        this.#chaos?.ask(request.rules);
        return;
    }
  }

  async #watch(viewer: Viewer, epoch: number): Promise<void> {
    viewer.lookAt(undefined);
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
    // The viewer may have left, may want another record, or may have been shown this one by now.
    if (!this.#viewers.has(viewer) || viewer.wanted !== epoch || viewer.isWatching) return;
    viewer.send(
      record ? { type: 'record', record, usual: this.#recent.usual.medians } : { type: 'not_found', epoch },
    );
  }

  /** Shows a record that has begun to those who asked for it: its pairing has come, or has come back, to this node. */
  #show(log: LiveRecord): void {
    for (const viewer of this.#viewersOf(log.header.epoch)) viewer.watch(log, this.#recent.usual.medians);
  }

  #viewersOf(wanted: number | string): Viewer[] {
    return [...this.#viewers].filter((viewer) => viewer.wanted === wanted);
  }

  #watchSession(viewer: Viewer, id: string): void {
    viewer.lookAt(undefined);
    viewer.wanted = id;
    const trail = this.#trails.find(id);
    if (trail) viewer.watch(trail);
    else viewer.send({ type: 'no_session', id });
  }

  /** Sent only when it changed. */
  #tellRefusals(before: ReadonlyMap<string, number>): void {
    const kinds = [...(this.server.refusals?.() ?? [])]
      .map(([kind, total]) => ({ kind, total, lately: total - (before.get(kind) ?? 0) }))
      .sort((one, other) => other.lately - one.lately || other.total - one.total);
    const message = { type: 'refusals', kinds, recent: this.#trails.recentRefusals } as const;
    const text = JSON.stringify(message);
    if (text === this.#refusals) return;
    this.#refusals = text;
    for (const viewer of this.#viewers) viewer.send(message);
  }

  /** Sent only when it changed, since it may be long. */
  #tellNetwork(): void {
    const network = this.server.network?.();
    if (!network) return;
    const text = JSON.stringify(network);
    if (text === this.#network) return;
    this.#network = text;
    for (const viewer of this.#viewers) viewer.send({ type: 'network', network });
  }

  /** Sent only when it changed: most of the time nothing goes over the links. */
  #tellTraffic(elapsedMs: number): void {
    const links = this.server.traffic?.(elapsedMs);
    if (!links) return;
    const text = JSON.stringify(links);
    if (text === this.#traffic) return;
    this.#traffic = text;
    for (const viewer of this.#viewers) viewer.send({ type: 'traffic', links });
  }

  #tellView(viewer: Viewer): void {
    const { view } = this.server;
    if (view) viewer.show((request) => this.#withCauses(view(request)));
  }

  #withCauses(message: ViewMessage): ViewMessage {
    if (message.type !== 'room') return message;
    const { room } = message;
    return {
      ...message,
      room: { ...room, shown_edges: room.shown_edges.map((edge) => this.#withCause(edge)) },
    };
  }

  /**
   * Adds what the record says of a pairing that ended, which is more than the reason that its clients were told. A pairing
   * without a record cannot be opened, and is left out.
   */
  #withCause(edge: RoomEdgeFacts): RoomEdgeFacts {
    const { epoch, ...facts } = edge;
    if (epoch === undefined || !['missing', 'awaited', 'pairing'].includes(edge.state)) return edge;
    const log = this.#recent.get(epoch);
    if (!log) return this.#files ? edge : facts;
    // Otherwise the reason is newer: another pairing was refused.
    const isOfPairing = Object.hasOwn(disconnectReasons, edge.reason ?? '');
    const cause = isOfPairing && log.subject.isDone ? causeIn(log) : '';
    return cause === '' ? edge : { ...edge, cause };
  }

  /** The first viewer has come: starts to count and to follow new pairings. */
  #wake(): void {
    this.#stopLingering?.();
    this.#stopLingering = undefined;
    if (this.#sleep) return;
    const { clock } = this.server;
    const count = new PopulationCount(this.sources, (node) => this.isWorker(node));
    this.#recent.look();
    this.#trails.start();
    this.#flows.start();
    const refusedBefore = new Map(this.server.refusals?.());
    let last = clock.now();
    // What went before anybody looked is not told.
    this.server.traffic?.(PERIOD_MS);
    const tell = () => {
      const now = clock.now();
      const elapsedMs = Math.max(now - last, 1);
      const machines = count.take(elapsedMs);
      last = now;
      for (const viewer of this.#viewers) viewer.send({ type: 'population', machines });
      for (const viewer of this.#viewers) this.#tellView(viewer);
      this.#tellNetwork();
      this.#tellTraffic(elapsedMs);
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
