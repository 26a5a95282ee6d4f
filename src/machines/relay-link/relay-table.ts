/**
 * What one relay server knows about its network: every host, and the adjacent host that leads to it. The network is a
 * tree, so there is one way to each host, and an id that would get a second one is refused.
 */
import { MAX_RELAY_HOST_BYTES, MAX_RELAY_HOSTS, type Registration } from '../../protocol/relay-chat/index.ts';

export type RelayHostKind = 'server' | 'client';

export interface RelayHost {
  readonly id: number;
  readonly kind: RelayHostKind;
  readonly name: string;
  readonly info: string;
  /** The adjacent host through which it is reached; itself if it is adjacent. */
  readonly firstHop: number;
}

/**
 * What an announced id means to this server: unknown; the id 0, which no host may have; its own id; a host known over
 * the same link; or one known over another link.
 */
export type Standing = 'free' | 'nobody' | 'own' | 'behind' | 'elsewhere';

export class RelayTable {
  readonly ownId: number;
  readonly #hosts = new Map<number, RelayHost>();
  /** The size of all names and infos. */
  #bytes = 0;
  readonly #adjacent: Readonly<Record<RelayHostKind, Set<number>>> = {
    server: new Set(),
    client: new Set(),
  };

  constructor(ownId: number) {
    this.ownId = ownId;
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** All hosts except this server itself, in the order in which they became known. */
  hosts(): IterableIterator<RelayHost> {
    return this.#hosts.values();
  }

  get(id: number): RelayHost | undefined {
    return this.#hosts.get(id);
  }

  /** The ids of the adjacent hosts of a kind. */
  adjacent(kind: RelayHostKind): ReadonlySet<number> {
    return this.#adjacent[kind];
  }

  /** @param link the id of the adjacent host that announces the id; undefined if it has none yet */
  standingOf(id: number, link: number | undefined): Standing {
    if (id === 0) return 'nobody';
    if (id === this.ownId) return 'own';
    const host = this.#hosts.get(id);
    if (!host) return 'free';
    return host.firstHop === link ? 'behind' : 'elsewhere';
  }

  /** Whether the host is known and reached over that link: only what comes over that link can be from it. */
  isBehind(id: number, link: number | undefined): boolean {
    return this.standingOf(id, link) === 'behind';
  }

  /** The adjacent host through which the id is reached. */
  firstHopTo(id: number): number | undefined {
    return this.#hosts.get(id)?.firstHop;
  }

  /** All hosts reached over a link, its adjacent host first. */
  behind(link: number): RelayHost[] {
    return [...this.#hosts.values()].filter((host) => host.firstHop === link);
  }

  /** Whether one more host may be kept. */
  hasRoomFor({ name, info }: Pick<RelayHost, 'name' | 'info'>): boolean {
    return (
      this.#hosts.size < MAX_RELAY_HOSTS && this.#bytes + name.length + info.length <= MAX_RELAY_HOST_BYTES
    );
  }

  /**
   * Keeps a host whose standing is `free`.
   * @throws {Error} if its id is in use, because the caller did not check its standing
   */
  add(host: RelayHost): void {
    if (this.standingOf(host.id, undefined) !== 'free') throw new Error(`the id ${host.id} is in use`);
    this.#hosts.set(host.id, host);
    this.#bytes += host.name.length + host.info.length;
    if (host.firstHop === host.id) this.#adjacent[host.kind].add(host.id);
  }

  remove(id: number): void {
    const host = this.#hosts.get(id);
    if (!host) return;
    this.#hosts.delete(id);
    this.#bytes -= host.name.length + host.info.length;
    this.#adjacent[host.kind].delete(id);
  }
}

/** The host that a registration announces. */
export function hostOf(registration: Registration, firstHop: number): RelayHost {
  const { type, sourceId: id, name, info } = registration;
  return { id, kind: type === 'server_registration' ? 'server' : 'client', name, info, firstHop };
}

/** The registration that announces a host to others. */
export function registrationOf(host: Omit<RelayHost, 'firstHop'>, lastHopId: number): Registration {
  const { id, kind, name, info } = host;
  return { type: `${kind}_registration`, sourceId: id, lastHopId, name, info };
}
