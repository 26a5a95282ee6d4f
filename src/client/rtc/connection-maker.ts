/**
 * Makes a peer's connections. Where that takes time, it is done while the server is waited for: an engine is made while
 * the socket opens, and an offer when the server is about to be asked for a pairing. Before that, nothing goes over the
 * network.
 */
import { type ChannelOptions, RtcConnection } from './peer-connection.ts';
import type { ConnectionConfig, IceServer, PeerConnection } from './types.ts';

export type CreateConnection = (config: ConnectionConfig) => PeerConnection;

/** What all connections of a peer have in common. */
export interface CommonConfig extends Omit<ConnectionConfig, 'iceServers'> {
  /** Those that the peer's user named; undefined: the server's, which may name others for each pairing. */
  readonly iceServers: readonly IceServer[] | undefined;
}

export class ConnectionMaker {
  readonly #create: CreateConnection;
  readonly #config: CommonConfig;
  readonly #channels: readonly ChannelOptions[];
  readonly #isSlow: boolean;
  #engine: PeerConnection | undefined;
  #offered: { readonly connection: RtcConnection; readonly sdp: Promise<string | undefined> } | undefined;
  /** What has offered for a request that was just answered. */
  #due: RtcConnection | undefined;

  /**
   * @param channels those that an offerer opens and the other peer accepts
   * @param isSlow whether it is worth making an engine ahead; its `setConfiguration` gives it its ICE servers
   */
  constructor(
    create: CreateConnection,
    config: CommonConfig,
    channels: readonly ChannelOptions[],
    isSlow: boolean,
  ) {
    this.#create = create;
    this.#config = config;
    this.#channels = channels;
    this.#isSlow = isSlow;
  }

  make(iceServers: readonly IceServer[]): RtcConnection {
    const due = this.#due;
    this.#due = undefined;
    return due ?? this.#connect(this.#engineWith(iceServers));
  }

  /** Makes the next engine, unless it is made already. */
  makeAhead(): void {
    if (!this.#isSlow || this.#engine) return;
    try {
      this.#engine = this.#create({ ...this.#config, iceServers: this.#config.iceServers ?? [] });
    } catch {
      // It is tried again when it is needed, and who needs it is told.
    }
  }

  /**
   * Also makes the offer of the next connection that we ask for, if its ICE servers are known already.
   * @returns see {@link RtcConnection.offerAhead}; undefined if it is made only when it is needed
   */
  offerAhead(): Promise<string | undefined> | undefined {
    if (!this.#config.iceServers) return undefined;
    this.makeAhead();
    if (this.#engine && !this.#offered) {
      const connection = this.#connect(this.#engine);
      this.#engine = undefined;
      this.#offered = { connection, sdp: connection.offerAhead() };
    }
    return this.#offered?.sdp;
  }

  /**
   * A request of ours was answered: what has offered ahead for it is the next connection.
   * @param sdp the offer that the other peer got with the request; undefined if it has none yet
   * @returns false if what has made that offer is closed
   */
  useOffer(sdp: string | undefined): boolean {
    const connection = this.#offered?.connection;
    if (sdp !== undefined && connection?.sdpAhead !== sdp) return false;
    this.#due = connection;
    this.#offered = undefined;
    return true;
  }

  /** Nobody needs the offer. */
  dropOffer(): void {
    this.#offered?.connection.close();
    this.#offered = undefined;
  }

  /** Nobody needs what was made ahead. */
  dropAhead(): void {
    this.dropOffer();
    this.#engine?.close();
    this.#engine = undefined;
  }

  #connect(engine: PeerConnection): RtcConnection {
    return new RtcConnection(engine, this.#channels);
  }

  #engineWith(iceServers: readonly IceServer[]): PeerConnection {
    const config = { ...this.#config, iceServers };
    const engine = this.#engine;
    const hasServers = iceServers === this.#config.iceServers;
    if (!engine || !(hasServers || takes(engine, config))) return this.#create(config);
    this.#engine = undefined;
    return engine;
  }
}

/** An engine whose page wraps RTCPeerConnection may refuse: it was made with more than what we know of. */
function takes(engine: PeerConnection, config: ConnectionConfig): boolean {
  try {
    engine.setConfiguration?.(config);
    return engine.setConfiguration !== undefined;
  } catch {
    return false;
  }
}
