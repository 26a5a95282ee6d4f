/** A connected page: what it has asked for, and what it is sent. */
import { Compile } from 'typebox/compile';
import {
  type InspectMessage,
  type InspectRequest,
  type InspectRequestType,
  inspectSchemas,
  isRecord,
  type RecordLine,
  type ViewMessage,
  type ViewRequest,
} from '../../protocol/index.ts';
import type { LiveRecord } from './live-record.ts';

const checks = new Map(
  Object.entries(inspectSchemas).map(([type, schema]) => [type, Compile(schema as never)] as const),
);

/** @returns undefined if it is not a valid request of the page */
export function readRequest(bytes: ArrayBuffer): InspectRequest | undefined {
  try {
    const message: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (!isRecord(message)) return undefined;
    return checks.get(message.type as InspectRequestType)?.Check(message)
      ? (message as unknown as InspectRequest)
      : undefined;
  } catch {
    return undefined;
  }
}

/** An open view of the inspector. */
export interface Look {
  ask(request: InspectRequest): void;
  /** Ends the view. */
  close(): void;
}

/** A record or trail that can still grow. */
type Watched = Pick<LiveRecord, 'header' | 'record' | 'listeners'>;

export class Viewer {
  readonly send: (message: InspectMessage) => void;
  /** What was requested last, here or not: a record by its epoch, or a trail by the session's id. */
  wanted: number | string | undefined;
  #watched: Watched | undefined;
  /** The view of rooms or nodes that it looks at, and what it was sent last, as text. */
  #view: ViewRequest | undefined;
  #shown = '';
  readonly #tell: (line: RecordLine) => void;

  constructor(send: (message: InspectMessage) => void) {
    this.send = send;
    this.#tell = (line) => {
      if (this.#watched) this.send({ type: 'line', epoch: this.#watched.header.epoch, line });
    };
  }

  /** Whether it is told of the new lines of a record. */
  get isWatching(): boolean {
    return this.#watched !== undefined;
  }

  /** @param usual how long the steps towards a connection usually take */
  watch(log: Watched, usual: Readonly<Record<string, number>> = {}): void {
    this.unwatch();
    this.#watched = log;
    this.send({ type: 'record', record: log.record, usual });
    log.listeners = [...log.listeners, this.#tell];
  }

  lookAt(view: ViewRequest | undefined): void {
    this.unwatch();
    this.wanted = undefined;
    this.#view = view;
    this.#shown = '';
  }

  /** Sends its view if that has changed. */
  show(viewFor: (request: ViewRequest) => ViewMessage): void {
    if (!this.#view) return;
    const message = viewFor(this.#view);
    const text = JSON.stringify(message);
    if (text === this.#shown) return;
    this.#shown = text;
    this.send(message);
  }

  unwatch(): void {
    const watched = this.#watched;
    if (watched) watched.listeners = watched.listeners.filter((listener) => listener !== this.#tell);
    this.#watched = undefined;
  }
}
