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

/** A connection whose first offer is made. */
interface OfferedAhead {
  readonly engine: PeerConnection;
  readonly connection: RtcConnection;
}

export class ConnectionMaker {
  readonly #create: CreateConnection;
  readonly #config: CommonConfig;
  readonly #channels: readonly ChannelOptions[];
  readonly #isSlow: boolean;
  #engine: PeerConnection | undefined;
  #offered: OfferedAhead | undefined;
  /** What has offered for a request that was just answered. */
  #due: OfferedAhead | undefined;

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
    if (!due) return this.#connect(this.#engineWith(iceServers));
    if (!this.#knowsServers) setServers(due, { ...this.#config, iceServers });
    return due.connection;
  }

  /** Makes the next engine, unless it is made already. */
  makeAhead(): void {
    if (!this.#isSlow || this.#engine) return;
    try {
      this.#engine = this.#create(this.#configAhead);
    } catch {
      // It is tried again when it is needed, and who needs it is told.
    }
  }

  /**
   * Also makes the offer of the connection that we ask for. It is set once its ICE servers are known.
   * @param made told its SDP, unless the request is answered or given up before
   */
  offerAhead(made: (sdp: string) => void): void {
    this.makeAhead();
    const engine = this.#engine;
    if (!engine || this.#offered || !(this.#knowsServers || takes(engine, this.#configAhead))) return;
    this.#engine = undefined;
    const connection = this.#connect(engine);
    this.#offered = { engine, connection };
    connection.offerAhead().then((sdp) => {
      if (sdp !== undefined && this.#offered?.connection === connection) made(sdp);
    });
    if (this.#knowsServers) connection.setAhead();
  }

  /** A request of ours was answered: what has offered ahead for it is the next connection. */
  useOffer(): void {
    this.#due = this.#offered;
    this.#offered = undefined;
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

  /** Whether all connections have the same ICE servers; otherwise the server names those of each pairing. */
  get #knowsServers(): boolean {
    return this.#config.iceServers !== undefined;
  }

  get #configAhead(): ConnectionConfig {
    return { ...this.#config, iceServers: this.#config.iceServers ?? [] };
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

/** @throws if no engine could have these ICE servers */
function setServers({ engine, connection }: OfferedAhead, config: ConnectionConfig): void {
  try {
    engine.setConfiguration?.(config);
    connection.setAhead();
  } catch (error) {
    connection.close();
    throw error;
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
