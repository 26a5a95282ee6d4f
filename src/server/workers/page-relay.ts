/**
 * Relays the messages between the inspectors of workers for open pages. While no page is open, they are told only which
 * workers serve.
 */
import type { PartMessage, PartRequest } from '../inspector/fleet-parts.ts';

/** What a worker sends about its own pages, and about those of others. */
export type PageRequest =
  | { readonly kind: 'open'; readonly page: number }
  | { readonly kind: 'close'; readonly page: number }
  | { readonly kind: 'ask'; readonly page: number; readonly worker: number; readonly request: PartRequest }
  | { readonly kind: 'tell'; readonly page: number; readonly worker: number; readonly message: PartMessage };

/**
 * What a worker is sent.
 * @param worker the one that has the page, or that sends the message
 */
export type PageNotice =
  /** That worker serves, as that node. */
  | { readonly kind: 'joined'; readonly worker: number; readonly node: number }
  | { readonly kind: 'opened'; readonly worker: number; readonly page: number }
  | { readonly kind: 'closed'; readonly worker: number; readonly page: number }
  | { readonly kind: 'asked'; readonly worker: number; readonly page: number; readonly request: PartRequest }
  | { readonly kind: 'told'; readonly worker: number; readonly page: number; readonly message: PartMessage }
  /** That worker has ended. */
  | { readonly kind: 'gone'; readonly worker: number };

interface Seat {
  readonly node: number;
  readonly tell: (notice: PageNotice) => void;
  readonly pages: Set<number>;
}

export class PageRelay {
  readonly #seats = new Map<number, Seat>();

  /** Adds a worker that serves from now on, as that node. */
  join(worker: number, node: number, tell: (notice: PageNotice) => void): void {
    const others = [...this.#seats];
    this.#seats.set(worker, { node, tell, pages: new Set() });
    this.#tellOthers(worker, { kind: 'joined', worker, node });
    for (const [other, seat] of others) {
      tell({ kind: 'joined', worker: other, node: seat.node });
      for (const page of seat.pages) tell({ kind: 'opened', worker: other, page });
    }
  }

  /** The worker has ended. */
  leave(worker: number): void {
    if (this.#seats.delete(worker)) this.#tellOthers(worker, { kind: 'gone', worker });
  }

  /** Handles a worker's request. Requests that arrive after its end are ignored. */
  asked(worker: number, request: PageRequest): void {
    const seat = this.#seats.get(worker);
    if (!seat) return;
    const { page } = request;
    switch (request.kind) {
      case 'open':
        seat.pages.add(page);
        this.#tellOthers(worker, { kind: 'opened', worker, page });
        return;
      case 'close':
        seat.pages.delete(page);
        this.#tellOthers(worker, { kind: 'closed', worker, page });
        return;
      case 'ask':
        this.#seats.get(request.worker)?.tell({ kind: 'asked', worker, page, request: request.request });
        return;
      case 'tell':
        this.#seats.get(request.worker)?.tell({ kind: 'told', worker, page, message: request.message });
        return;
    }
  }

  #tellOthers(worker: number, notice: PageNotice): void {
    for (const [other, { tell }] of this.#seats) if (other !== worker) tell(notice);
  }
}
