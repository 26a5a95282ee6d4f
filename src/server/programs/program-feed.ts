/** The page that shows programs, and its messages: the list of actors, and the steps of the actor that it watches. */
import type { Clock } from '../../common/clock.ts';
import type { ProgramsMessage } from '../../inspector/stately/program-messages.ts';
import { type KeptActor, ProgramStore, shownActor } from '../../inspector/stately/program-store.ts';
import { closeCodes } from '../../protocol/index.ts';
import type { App, WebSocket } from '../http/shell/shell.ts';
import { type ServedFile, serveFiles } from '../http/static-files.ts';
import { refusalFor, upgradeFor } from './program-access.ts';

const FILES: readonly ServedFile[] = [
  { path: '/', file: 'inspector/page/programs.html', type: 'text/html; charset=utf-8' },
  { path: '/programs.js', file: 'inspector/page/programs.js', type: 'text/javascript; charset=utf-8' },
  { path: '/page.css', file: 'inspector/page/page.css', type: 'text/css; charset=utf-8' },
  { path: '/programs.css', file: 'inspector/page/programs.css', type: 'text/css; charset=utf-8' },
];
const MAX_PAGES = 16;
const MAX_REQUEST_BYTES = 1_024;
/** A page with more unread bytes than this is closed; it reconnects by itself. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** Changes are collected and sent to pages at this interval; steps earlier, once there are so many. */
const TELL_MS = 100;
const MAX_COLLECTED = 100;

interface PageData {
  page: Page | undefined;
}

interface Page {
  readonly socket: WebSocket<PageData>;
  watched: number | undefined;
  /** Steps of the watched actor, as JSON, that were not sent yet. */
  steps: string[];
}

export interface ProgramFeedDeps {
  readonly clock: Clock;
  /** Called when the first page connects, and when the last one has left. */
  readonly lookedAt?: (isLookedAt: boolean) => void;
}

export class ProgramFeed {
  readonly store: ProgramStore;
  readonly #deps: ProgramFeedDeps;
  readonly #pages = new Set<Page>();
  readonly #changed = new Set<KeptActor>();
  #dropped: number[] = [];
  #stopTelling: (() => void) | undefined;

  constructor(deps: ProgramFeedDeps) {
    this.#deps = deps;
    this.store = new ProgramStore(() => deps.clock.wallTime(), {
      changed: (actor) => {
        if (this.#pages.size > 0) this.#changed.add(actor);
      },
      dropped: (key) => {
        if (this.#pages.size > 0) this.#dropped.push(key);
      },
      stepped: ({ key }, json) => {
        for (const page of [...this.#pages]) {
          if (page.watched !== key) continue;
          page.steps.push(json);
          if (page.steps.length >= MAX_COLLECTED) this.#tellSteps(page);
        }
      },
    });
  }

  /** @param path of the page's socket; the page itself is at `/` */
  addRoutes(app: App): void {
    serveFiles(app, FILES, { refusalOf: (req, res) => refusalFor(res, req) });
    app.ws<PageData>('/feed', {
      maxPayloadLength: MAX_REQUEST_BYTES,
      maxBackpressure: MAX_UNSENT_BYTES,
      closeOnBackpressureLimit: true,
      upgrade: upgradeFor<PageData>(() => ({ page: undefined })),
      open: (socket) => this.#opened(socket),
      message: (socket, bytes) => {
        const { page } = socket.getUserData();
        const key = watchedKeyIn(bytes);
        if (page && key !== undefined) this.#watch(page, key);
      },
      close: (socket) => {
        const { page } = socket.getUserData();
        if (page && this.#pages.delete(page) && this.#pages.size === 0) this.stop();
      },
    });
  }

  stop(): void {
    if (!this.#stopTelling) return;
    this.#stopTelling();
    this.#stopTelling = undefined;
    this.#changed.clear();
    this.#dropped = [];
    this.#deps.lookedAt?.(false);
  }

  #opened(socket: WebSocket<PageData>): void {
    if (this.#pages.size >= MAX_PAGES) {
      socket.end(closeCodes.tryAgainLater, 'As many pages look as may');
      return;
    }
    const page: Page = { socket, watched: undefined, steps: [] };
    socket.getUserData().page = page;
    this.#pages.add(page);
    if (!this.#stopTelling) {
      this.#deps.lookedAt?.(true);
      this.#stopTelling = this.#deps.clock.every(TELL_MS, () => this.#tell());
    }
    this.#send(page, { type: 'hello' });
    this.#send(page, { type: 'actors', changed: [...this.store.actors].map(shownActor), dropped: [] });
  }

  #watch(page: Page, key: number): void {
    const actor = this.store.actor(key);
    page.watched = actor?.key;
    page.steps = [];
    if (!actor) return;
    const head = JSON.stringify({ type: 'actor', key, ...actor.machine.shown, steps: [] });
    const steps = actor.steps.map(({ json }) => json).join();
    page.socket.send(`${head.slice(0, -2)}${steps}]}`, false);
  }

  #tell(): void {
    const changed = [...this.#changed].filter(({ key }) => this.store.actor(key)).map(shownActor);
    const dropped = this.#dropped;
    this.#changed.clear();
    this.#dropped = [];
    for (const page of [...this.#pages]) {
      if (changed.length > 0 || dropped.length > 0) this.#send(page, { type: 'actors', changed, dropped });
      this.#tellSteps(page);
    }
  }

  #tellSteps(page: Page): void {
    const { steps, watched } = page;
    if (steps.length === 0) return;
    page.steps = [];
    page.socket.send(`{"type":"steps","key":${watched},"steps":[${steps.join()}]}`, false);
  }

  #send(page: Page, message: ProgramsMessage): void {
    page.socket.send(JSON.stringify(message), false);
  }
}

/** @returns undefined if the message is not a request of the page */
function watchedKeyIn(bytes: ArrayBuffer): number | undefined {
  try {
    const { type, key } = JSON.parse(Buffer.from(bytes).toString('utf8')) ?? {};
    return type === 'watch' && Number.isSafeInteger(key) ? key : undefined;
  } catch {
    return undefined;
  }
}
