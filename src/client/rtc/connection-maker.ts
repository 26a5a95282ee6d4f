/**
 * Makes a peer's connections. While the server is asked for a pairing, one is made ahead, on platforms where that takes
 * time: the answer is under way meanwhile. Nothing goes over the network before a connection is used.
 */
import type { ConnectionConfig, IceServer, PeerConnection } from './types.ts';

export type CreateConnection = (config: ConnectionConfig) => PeerConnection;

/** What all connections of a peer have in common. */
export type CommonConfig = Omit<ConnectionConfig, 'iceServers'>;

export class ConnectionMaker {
  readonly #create: CreateConnection;
  readonly #config: CommonConfig;
  readonly #isSlow: boolean;
  #ahead: PeerConnection | undefined;

  /** @param isSlow whether it is worth making a connection ahead; its `setConfiguration` gives it its ICE servers */
  constructor(create: CreateConnection, config: CommonConfig, isSlow: boolean) {
    this.#create = create;
    this.#config = config;
    this.#isSlow = isSlow;
  }

  make(iceServers: readonly IceServer[]): PeerConnection {
    const config = { ...this.#config, iceServers };
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (!ahead) return this.#create(config);
    ahead.setConfiguration?.(config);
    return ahead;
  }

  /** Makes the next connection, unless it is made already. */
  makeAhead(): void {
    if (this.#isSlow) this.#ahead ??= this.#create({ ...this.#config, iceServers: [] });
  }

  /** Nobody needs a connection that was made ahead. */
  dropAhead(): void {
    this.#ahead?.close();
    this.#ahead = undefined;
  }
}
