/**
 * werift behind the W3C interface. Only this file imports werift at run time, and only it and its patches know where
 * werift differs: it waits for all candidates before it goes on (up to 5 s if a STUN server cannot be reached), it uses
 * a public STUN server when none is given, and it does not check candidate pairs again on an ICE restart.
 */
import {
  classes,
  DtlsClient,
  Connection as IceAgent,
  Message,
  methods,
  type RTCDtlsTransport,
  type RTCIceTransport,
  RTCPeerConnection,
  StunProtocol,
  TcpTransport,
  TlsTransport,
  TurnProtocol,
  UdpTransport,
} from 'werift';
import type { CandidateRefusal } from '../../../machines/without-xstate.ts';
import type { StatsReport } from '../evidence.ts';
import type {
  ConnectionConfig,
  DataChannel,
  DataChannelInit,
  IceCandidate,
  PeerConnection,
  RtcConnectionState,
  SessionDescription,
} from '../types.ts';
import { WeriftDataChannel } from './data-channel.ts';
import { Lifetime } from './lifetime.ts';
import { type LiveIceAgent, watchLiveness } from './liveness.ts';
import { type DtlsTransport, patchDtls, patchFlights } from './patch-dtls.ts';
import { patchGenerations } from './patch-generations.ts';
import { stopAsking, trickle } from './patch-ice-gathering.ts';
import { patchOpening } from './patch-partial-reliability.ts';
import { listenToRefusals, patchRemoteCandidates } from './patch-remote-candidates.ts';
import { patchSctp, type SctpTransport } from './patch-sctp.ts';
import { patchQuestions, patchSocket } from './patch-sockets.ts';
import { patchTurn } from './patch-turn.ts';
import { rollbackOf } from './restart-rollback.ts';

/** What this file uses of werift's connection beyond its typings. */
interface SecureManager {
  readonly connectionState: RtcConnectionState;
  setConnectionState(state: RtcConnectionState): void;
}

patchTurn(TurnProtocol.prototype, (lifetimeS) =>
  new Message(methods.REFRESH, classes.REQUEST).setAttribute('LIFETIME', lifetimeS),
);

patchSocket(UdpTransport.prototype);
for (const { prototype } of [TcpTransport, TlsTransport]) patchSocket(prototype, { connects: true });
patchQuestions(StunProtocol.prototype, { bareAsksServer: true });
patchQuestions(TurnProtocol.prototype);
patchRemoteCandidates(IceAgent.prototype);
patchGenerations(IceAgent.prototype);
const nowhere = { onData() {}, send: async () => {}, close: async () => {} };
patchFlights(() => new DtlsClient({ transport: nowhere as never }));

class WeriftConnection implements PeerConnection {
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: ((event: { candidate: IceCandidate | null }) => void) | null = null;
  ondatachannel: ((event: { channel: DataChannel }) => void) | null = null;
  onoversized: (() => void) | null = null;
  oncandidaterefused: ((refusal: CandidateRefusal) => void) | null = null;
  onicecandidateerror: ((event: { readonly errorCode: number }) => void) | null = null;
  readonly #lifetime = new Lifetime((errorCode) => this.onicecandidateerror?.({ errorCode }));
  readonly #pc: RTCPeerConnection;
  readonly #iceUrls: readonly string[];
  readonly #silenceMs: number;
  #endWatches: (() => void)[] = [];
  readonly #prepared = new WeakSet<RTCIceTransport>();
  readonly #restarts = new WeakMap<RTCIceTransport, number>();
  /** How many transports are looking for a new path. */
  #checking = 0;
  /** Take back the ICE restart of an offer that has no answer yet. */
  #rollbacks: readonly (() => void)[] = [];
  #settingLocal: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(config: ConnectionConfig) {
    this.#iceUrls = config.iceServers.flatMap(({ urls }) => urls);
    this.#silenceMs = config.silenceMs;
    this.#pc = new RTCPeerConnection({
      iceServers: config.iceServers.flatMap((server) =>
        [server.urls].flat().map((urls) => ({ ...server, urls: urls as string })),
      ),
      iceTransportPolicy: config.iceTransportPolicy,
      ...(config.iceAdditionalHostAddresses && {
        iceAdditionalHostAddresses: [...config.iceAdditionalHostAddresses],
      }),
    });
    this.#pc.connectionStateChange.subscribe(() => this.onconnectionstatechange?.());
    this.#pc.onDataChannel.subscribe((channel) =>
      this.ondatachannel?.({ channel: new WeriftDataChannel(channel) }),
    );
    this.#pc.onIceCandidate.subscribe((found) => {
      const candidate = found?.candidate
        ? {
            candidate: found.candidate,
            sdpMid: found.sdpMid ?? null,
            sdpMLineIndex: found.sdpMLineIndex ?? null,
            usernameFragment: found.usernameFragment ?? null,
          }
        : null;
      this.onicecandidate?.({ candidate });
    });
  }

  get connectionState(): RtcConnectionState {
    if (this.#checking > 0 && !this.#isClosed) return 'connecting';
    const { connectionState, iceConnectionState } = this.#pc;
    // After each answer werift reports itself as connected if DTLS once was.
    return connectionState === 'connected' && iceConnectionState === 'failed' ? 'failed' : connectionState;
  }

  get localDescription(): { readonly sdp: string } | null {
    return this.#pc.localDescription;
  }

  get sctp(): { readonly state: string } | null {
    const { state } = (this.#sctpTransport?.sctp as { readonly state?: string } | undefined) ?? {};
    return state === undefined ? null : { state };
  }

  getStats(): Promise<StatsReport> {
    return this.#pc.getStats() as Promise<StatsReport>;
  }

  createDataChannel(label: string, init: DataChannelInit = {}): DataChannel {
    const channel = this.#pc.createDataChannel(label, { ...init });
    patchSctp(this.#sctpTransport, () => this.onoversized?.());
    patchOpening(this.#sctpTransport, channel);
    return new WeriftDataChannel(channel);
  }

  async createOffer(options: { iceRestart: true }): Promise<SessionDescription> {
    if (this.#rollbacks.length === 0) this.#rollbacks = this.#pc.iceTransports.map(rollbackOf);
    return (await this.#lifetime.run(() => this.#pc.createOffer(options))) as SessionDescription;
  }

  async setLocalDescription(given?: SessionDescription): Promise<void> {
    const description = given ?? (await this.#describe());
    if (this.#isClosed) throw new Error('it is closed');
    for (const transport of this.#pc.dtlsTransports) this.#prepare(transport);
    const restarted = description.type === 'answer' ? this.#takeRestarted() : [];
    const setting = this.#lifetime.run(() => this.#pc.setLocalDescription(description));
    this.#settingLocal = setting.catch(() => {});
    await setting;
    this.#check(restarted);
  }

  async setRemoteDescription(description: SessionDescription): Promise<void> {
    if (description.type === 'offer') for (const rollback of this.#rollbacks) rollback();
    this.#rollbacks = [];
    const restarted = description.type === 'answer' ? this.#takeRestarted() : [];
    await this.#lifetime.run(() => this.#pc.setRemoteDescription(description));
    for (const transport of this.#pc.iceTransports) {
      listenToRefusals(transport.connection, (refusal) => this.oncandidaterefused?.(refusal));
    }
    patchSctp(this.#sctpTransport, () => this.onoversized?.());
    this.#check(restarted);
  }

  async addIceCandidate(candidate?: IceCandidate): Promise<void> {
    await this.#lifetime.run(() => this.#pc.addIceCandidate(candidate ? { ...candidate } : null));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const end of this.#endWatches) end();
    this.#lifetime.stopAsking();
    // werift must not be closed while it binds sockets.
    await this.#settingLocal;
    for (const transport of this.#pc.iceTransports) stopAsking(transport);
    await this.#pc.close();
    await this.#lifetime.end();
  }

  /** The description that is due. werift's own choice would take an offer that was made before, and rolled back. */
  async #describe(): Promise<SessionDescription> {
    const pc = this.#pc;
    const isAnswer = pc.signalingState === 'have-remote-offer';
    const made = await this.#lifetime.run(() => (isAnswer ? pc.createAnswer() : pc.createOffer()));
    return made as SessionDescription;
  }

  get #sctpTransport(): SctpTransport | undefined {
    return this.#pc.sctpTransport as unknown as SctpTransport | undefined;
  }

  #prepare(secured: RTCDtlsTransport): void {
    const transport = secured.iceTransport;
    if (this.#prepared.has(transport)) return;
    this.#prepared.add(transport);
    patchDtls(secured as unknown as DtlsTransport);
    trickle(transport, this.#iceUrls);
    if (this.#silenceMs === 0) return;
    const agent = transport.connection as unknown as LiveIceAgent;
    const isConnected = () => this.connectionState === 'connected';
    this.#endWatches.push(watchLiveness(agent, isConnected, this.#silenceMs));
  }

  /** The transports whose ICE was restarted since the last answer, while their DTLS stayed connected. */
  #takeRestarted(): RTCIceTransport[] {
    const restarted = this.#pc.dtlsTransports
      .filter(({ state }) => state === 'connected')
      .map(({ iceTransport }) => iceTransport)
      .filter((transport) => transport.iceRestarts > (this.#restarts.get(transport) ?? 0));
    for (const transport of restarted) this.#restarts.set(transport, transport.iceRestarts);
    this.#checking += restarted.length;
    return restarted;
  }

  /** If DTLS is already connected, werift leaves new candidate pairs unchecked and reports itself as connected. */
  #check(restarted: readonly RTCIceTransport[]): void {
    for (const transport of restarted) {
      this.#lifetime
        .run(() => transport.start())
        .then(
          () => this.#checked('connected'),
          () => this.#checked('failed'),
        );
    }
  }

  #checked(state: 'connected' | 'failed'): void {
    this.#checking -= 1;
    // werift does not reset its failed state by itself; its event of the change is handled as ours.
    const { secureManager } = this.#pc as unknown as { secureManager: SecureManager };
    const before = secureManager.connectionState;
    if (this.#isClosed) return;
    if (before === state) this.onconnectionstatechange?.();
    else secureManager.setConnectionState(state);
  }
}

/** Creates werift connections, for a {@link Platform} on Node. */
export function createWeriftConnection(config: ConnectionConfig): PeerConnection {
  return new WeriftConnection(config);
}
