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
    if (!ahead?.setConfiguration) return this.#create(config);
    // May throw, if the servers are wrong: until then nobody needs it.
    ahead.setConfiguration(config);
    this.#ahead = undefined;
    return ahead;
  }

  /** Makes the next connection, unless it is made already. */
  makeAhead(): void {
    if (!this.#isSlow || this.#ahead) return;
    try {
      this.#ahead = this.#create({ ...this.#config, iceServers: [] });
    } catch {
      // It is tried again when it is needed, and who needs it is told.
    }
  }

  /** Nobody needs a connection that was made ahead. */
  dropAhead(): void {
    this.#ahead?.close();
    this.#ahead = undefined;
  }
}
