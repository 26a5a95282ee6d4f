/**
 * Connects a worker's inspector with those of the other workers: its own pages see the other workers, too, and their
 * pages see this one.
 */
import type { OpenAtOthers, OtherWorkers } from '../inspector/fleet-look.ts';
import type { PartMessage, PartRequest } from '../inspector/fleet-parts.ts';
import type { Inspector } from '../inspector/inspector.ts';
import type { Look } from '../inspector/viewer.ts';
import type { PageNotice, PageRequest } from './page-relay.ts';

type Told = (worker: number, message: PartMessage) => void;

export class FleetPages implements OtherWorkers {
  readonly #tell: (request: PageRequest) => void;
  /** The pages at this worker, by number. */
  readonly #pages = new Map<number, Told>();
  /** The pages at other workers: by worker, then by their number there. */
  readonly #guests = new Map<number, Map<number, Look>>();
  /** The node of each other worker that serves. */
  readonly #nodes = new Map<number, number>();
  #inspector: Inspector | undefined;
  #last = 0;

  /** @param tell sends a request to the primary process, which forwards it to the other workers */
  constructor(tell: (request: PageRequest) => void) {
    this.#tell = tell;
  }

  /** Makes this worker's inspector available to the others. */
  serve(inspector: Inspector): void {
    this.#inspector = inspector;
    for (const page of this.#pages.keys()) this.#tell({ kind: 'open', page });
  }

  isNode(node: number): boolean {
    for (const other of this.#nodes.values()) if (other === node) return true;
    return false;
  }

  open(told: Told): OpenAtOthers {
    this.#last += 1;
    const page = this.#last;
    this.#pages.set(page, told);
    if (this.#inspector) this.#tell({ kind: 'open', page });
    return {
      ask: (worker: number, request: PartRequest) => this.#tell({ kind: 'ask', page, worker, request }),
      close: () => {
        this.#pages.delete(page);
        this.#tell({ kind: 'close', page });
      },
    };
  }

  noticed(notice: PageNotice): void {
    const { worker } = notice;
    switch (notice.kind) {
      case 'joined':
        this.#nodes.set(worker, notice.node);
        return;
      case 'opened':
        this.#admit(worker, notice.page);
        return;
      case 'closed':
        this.#guests.get(worker)?.get(notice.page)?.close();
        this.#guests.get(worker)?.delete(notice.page);
        return;
      case 'asked':
        this.#asked(worker, notice.page, notice.request);
        return;
      case 'told':
        this.#pages.get(notice.page)?.(worker, notice.message);
        return;
      case 'gone':
        this.#nodes.delete(worker);
        for (const guest of this.#guests.get(worker)?.values() ?? []) guest.close();
        this.#guests.delete(worker);
        for (const told of this.#pages.values()) told(worker, { type: 'gone' });
        return;
    }
  }

  #admit(worker: number, page: number): void {
    const inspector = this.#inspector;
    if (!inspector) return;
    const tell = (message: PartMessage) => this.#tell({ kind: 'tell', page, worker, message });
    const guests = this.#guests.get(worker) ?? new Map<number, Look>();
    this.#guests.set(worker, guests.set(page, inspector.look(tell)));
    // It may be asked at once.
    tell({ type: 'here', node: inspector.server.node ?? 0 });
  }

  #asked(worker: number, page: number, request: PartRequest): void {
    const guest = this.#guests.get(worker)?.get(page);
    if (!guest) return;
    if ('nodes' in request) {
      const message = this.#inspector?.listPart(request);
      if (message) this.#tell({ kind: 'tell', page, worker, message });
    } else guest.ask(request);
  }
}
