/** A membership as the server keeps it, with the client's metadata stored as text. */
import { KeptJson } from '../kept-json.ts';
import type { ServerSession } from '../session.ts';
import type { Membership } from './room.ts';

export class Member implements Membership {
  readonly id: string;
  metadataBytes: number;
  session: ServerSession | undefined;
  isStale = false;
  elsewhere: Membership['elsewhere'];
  #metadata: KeptJson;

  /** @param session undefined for a client of another node */
  constructor(
    id: string,
    metadata: unknown,
    metadataBytes: number,
    session: ServerSession | undefined,
    elsewhere?: Membership['elsewhere'],
  ) {
    this.id = id;
    this.#metadata = new KeptJson(metadata);
    this.metadataBytes = metadataBytes;
    this.session = session;
    this.elsewhere = elsewhere;
  }

  get metadata(): unknown {
    return this.#metadata.value;
  }

  set metadata(value: unknown) {
    this.#metadata = new KeptJson(value);
  }
}
