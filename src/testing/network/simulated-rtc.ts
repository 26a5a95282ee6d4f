/**
 * Peer connections without WebRTC: descriptions and candidates are exchanged as usual, and a connection finds its other
 * side in this process if the network allows it. Nothing is encrypted or measured; the order of events is WebRTC's (W3C
 * WebRTC 4.4, 5.6, 6.2).
 */
import type {
  ConnectionConfig,
  DataChannel,
  DataChannelInit,
  IceCandidate,
  PeerConnection,
  RtcConnectionState,
  SessionDescription,
} from '../../client/rtc/types.ts';
import type { Schedule } from './schedule.ts';
import { SimulatedChannel } from './simulated-channel.ts';
import type { SimulatedNetwork } from './simulated-network.ts';

/** As in browsers: checks without success are given up after this time, and a path that falls silent is lost. */
const FAILED_MS = 15_000;
const DISCONNECTED_MS = 5_000;

/** All connections, which find each other here. */
export class SimulatedRtc {
  readonly schedule: Schedule;
  readonly network: SimulatedNetwork;
  /** By the name in their descriptions. */
  readonly #known = new Map<string, SimulatedConnection>();
  #descriptions = 0;

  constructor(schedule: Schedule, network: SimulatedNetwork) {
    this.schedule = schedule;
    this.network = network;
  }

  /** Creates connections for a peer of that name. */
  connectionsOf(name: string): (config: ConnectionConfig) => PeerConnection {
    return () => new SimulatedConnection(this, name);
  }

  /** @returns the name of a new description of the connection */
  describe(connection: SimulatedConnection): string {
    this.#descriptions += 1;
    const name = `simulated${this.#descriptions}`;
    this.#known.set(name, connection);
    return name;
  }

  describedBy(sdp: string): SimulatedConnection | undefined {
    return this.#known.get(/^a=ice-ufrag:(.*)$/m.exec(sdp)?.[1] ?? '');
  }
}

export class SimulatedConnection implements PeerConnection {
  connectionState: RtcConnectionState = 'new';
  localDescription: SessionDescription | null = null;
  remoteDescription: SessionDescription | null = null;
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: ((event: { candidate: IceCandidate | null }) => void) | null = null;
  ondatachannel: ((event: { channel: DataChannel }) => void) | null = null;
  readonly name: string;
  readonly #rtc: SimulatedRtc;
  readonly #channels: SimulatedChannel[] = [];
  readonly #blockChanged = () => this.#check();
  #isAnswerDue = false;
  /** Whether the other side has sent a candidate since the last description of either. */
  #hasCandidate = false;
  /** Counts the waits that end in a loss; older ones are ignored. */
  #wait = 0;

  constructor(rtc: SimulatedRtc, name: string) {
    this.#rtc = rtc;
    this.name = name;
    rtc.network.blockChanged.add(this.#blockChanged);
  }

  createDataChannel(label: string, init: DataChannelInit = {}): DataChannel {
    const channel = new SimulatedChannel(label, init, this.#path);
    this.#channels.push(channel);
    if (this.connectionState === 'connected') this.#openChannels();
    return channel;
  }

  async createOffer(): Promise<SessionDescription> {
    return { type: 'offer', sdp: this.#describe() };
  }

  async setLocalDescription(given?: SessionDescription): Promise<void> {
    this.localDescription = given ?? { type: this.#isAnswerDue ? 'answer' : 'offer', sdp: this.#describe() };
    this.#isAnswerDue = false;
    // As gathering does: first the candidate, then the end of candidates.
    for (const candidate of [this.#candidate, null])
      this.#rtc.schedule.after(1, () => {
        if (this.connectionState !== 'closed') this.onicecandidate?.({ candidate });
      });
    this.#checkAnew();
  }

  async setRemoteDescription(description: SessionDescription): Promise<void> {
    if (!this.#rtc.describedBy(description.sdp)) throw new Error('The description is of nobody here');
    this.remoteDescription = description;
    this.#isAnswerDue = description.type === 'offer';
    this.#checkAnew();
  }

  async addIceCandidate(candidate?: IceCandidate): Promise<void> {
    if (candidate && candidate.candidate !== '') this.#hasCandidate = true;
    this.#check();
  }

  close(): void {
    if (this.connectionState === 'closed') return;
    this.#rtc.network.blockChanged.delete(this.#blockChanged);
    this.connectionState = 'closed';
    for (const channel of this.#channels) channel.lose();
  }

  get #candidate(): IceCandidate {
    return { candidate: 'candidate:1 1 udp 2130706431 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
  }

  #describe(): string {
    const name = this.#rtc.describe(this);
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'c=IN IP4 0.0.0.0',
      'a=mid:0',
      `a=ice-ufrag:${name}`,
      `a=ice-pwd:${name}simulatedsimulated`,
      'a=sctp-port:5000',
      '',
    ].join('\r\n');
  }

  /** The connection that both descriptions lead to; undefined while they do not match. */
  get #other(): SimulatedConnection | undefined {
    const { localDescription, remoteDescription } = this;
    if (!localDescription || !remoteDescription || localDescription.type === remoteDescription.type)
      return undefined;
    const other = this.#rtc.describedBy(remoteDescription.sdp);
    const isMutual = other?.remoteDescription?.sdp === localDescription.sdp;
    return isMutual && other.localDescription?.sdp === remoteDescription.sdp ? other : undefined;
  }

  get #isReachable(): boolean {
    const other = this.#other;
    return other !== undefined && !this.#rtc.network.isBlocked(this.name, other.name);
  }

  /** An ICE restart looks for a path again. */
  #checkAnew(): void {
    if (this.connectionState === 'failed' && this.#other) this.#become('connecting');
    this.#check();
  }

  /** Brings the state in line with the network. */
  #check(): void {
    const other = this.#other;
    if (!other || this.connectionState === 'closed' || other.connectionState === 'closed') return;
    if (!this.#isReachable) this.#waitForLoss();
    else if (this.connectionState === 'connected') this.#resume();
    else if (this.#hasCandidate || other.#hasCandidate) {
      for (const side of [this, other]) side.#become('connecting');
      const wait = this.#begins();
      this.#rtc.schedule.after(this.#rtc.network.travelMs, () => {
        if (wait === this.#wait && this.#isReachable) this.#connect(other);
      });
    }
  }

  #connect(other: SimulatedConnection): void {
    for (const side of [this, other]) side.#become('connected');
    for (const side of [this, other]) side.#openChannels();
  }

  #waitForLoss(): void {
    if (this.connectionState === 'failed') return;
    if (this.connectionState === 'new') this.#become('connecting');
    const wait = this.#begins();
    const lose = (ms: number, state: RtcConnectionState) =>
      this.#rtc.schedule.after(ms, () => {
        if (wait === this.#wait && !this.#isReachable) this.#become(state);
      });
    if (this.connectionState === 'connected') lose(DISCONNECTED_MS, 'disconnected');
    lose(FAILED_MS, 'failed');
  }

  #begins(): number {
    this.#wait += 1;
    return this.#wait;
  }

  #become(state: RtcConnectionState): void {
    if (this.connectionState === state || this.connectionState === 'closed') return;
    this.connectionState = state;
    this.onconnectionstatechange?.();
    if (state === 'connected') this.#resume();
  }

  /** What waited for a path goes on; nothing was lost. */
  #resume(): void {
    this.#begins();
    for (const channel of this.#channels) channel.resume();
  }

  #openChannels(): void {
    const other = this.#other;
    if (!other) return;
    for (const channel of this.#channels.filter((one) => !one.isPaired)) {
      const theirs = new SimulatedChannel(channel.label, channel.init, other.#path);
      other.#channels.push(theirs);
      channel.pairWith(theirs);
      this.#rtc.schedule.after(this.#rtc.network.travelMs, () => {
        theirs.open();
        other.ondatachannel?.({ channel: theirs });
        channel.open();
      });
    }
  }

  /** The path for what its channels send. */
  get #path() {
    const { schedule, network } = this.#rtc;
    return { schedule, travelMs: () => network.travelMs, isOpen: () => this.#isReachable };
  }
}
