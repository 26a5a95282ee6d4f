/**
 * One peer connection. The machine's effects are carried out strictly one after another, because applying a description
 * while another one is being made leads to a state that WebRTC refuses. Events of a closed connection are ignored.
 */

import type { CandidateRefusal } from '../../machines/without-xstate.ts';
import type { Evidence, Flow } from '../../protocol/inspect/evidence.ts';
import { MAX_EVIDENCE_ERRORS } from '../../protocol/inspect/evidence-values.ts';
import { PairlaneError } from '../peer/errors.ts';
import { type ConnectionStats, statsOf } from './connection-stats.ts';
import { Channel } from './data-channel.ts';
import { evidenceOf, flowOf } from './evidence.ts';
import { credentialsIn, RemoteCandidates } from './remote-candidates.ts';
import type {
  DataChannel,
  DataChannelInit,
  IceCandidate,
  PeerConnection,
  SessionDescription,
} from './types.ts';

/** Twice what a server relays at once by default. A description with all useful candidates takes a third of it. */
const MAX_DESCRIPTION_CHARS = 128 * 1024;
/** One section is for data channels; a peer that also sends media has a few. */
const MAX_MEDIA_SECTIONS = 16;
/** Limit of data channels that were not agreed on. A peer that opens more than this does not do so by mistake. */
const MAX_UNEXPECTED_CHANNELS = 64;

export interface ConnectionHandlers {
  readonly localOffer: (sdp: string) => void;
  readonly localAnswer: (sdp: string) => void;
  readonly localCandidate: (candidate: IceCandidate | null) => void;
  readonly established: () => void;
  readonly failed: () => void;
  readonly closedByPeer: () => void;
  /** The peer has received everything that was accepted for it; see {@link RtcConnection.drain}. */
  readonly drained: () => void;
  readonly candidateRefused: (refusal: CandidateRefusal) => void;
  /** An offer or answer could not be made or applied. */
  readonly descriptionRefused: (error: PairlaneError) => void;
  readonly opened: (label: string) => void;
  readonly message: (data: string | Uint8Array, label: string) => void;
  /** The peer closed a channel other than the first. */
  readonly channelClosed: (label: string) => void;
  /** A problem that the connection survives. */
  readonly problem: (error: PairlaneError) => void;
}

export interface ChannelOptions extends DataChannelInit {
  readonly label: string;
}

/** Before there is a peer, nothing happens that anybody would be told. */
const UNTOLD = {} as ConnectionHandlers;

export class RtcConnection {
  readonly #rtc: PeerConnection;
  #handlers = UNTOLD;
  readonly #agreed: readonly ChannelOptions[];
  #operations: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isDraining = false;
  readonly #channels = new Map<string, Channel>();
  readonly #candidates: RemoteCandidates;
  /** Our candidates that were found before our description was announced: a peer may drop what it cannot place. */
  #found: (IceCandidate | null)[] | undefined = [];
  /** The first offer, if it is made ahead. */
  #ahead: Promise<SessionDescription> | undefined;
  /** The same once it is set, until it is announced. */
  #offered: Promise<string> | undefined;
  #offersReceived = 0;
  /** Our ICE credentials that the last answer left in force, and whether it came with new ones. */
  #credentials: string | undefined;
  #areNew = false;
  /** ICE is to be restarted: no answer has put other credentials in the place of ours since we offered to. */
  #restartIsDue = false;
  #unexpectedChannels = 0;
  /** Whether it was reported as established, and neither an answer nor its state says otherwise since. */
  #isUp = false;
  /** Codes of `icecandidateerror`, each once. */
  readonly #errors = new Set<number>();

  /** @param agreed the channels that the offerer opens and the other peer accepts */
  constructor(rtc: PeerConnection, agreed: readonly ChannelOptions[]) {
    this.#rtc = rtc;
    this.#agreed = agreed;
    const refused = (refusal: CandidateRefusal) => {
      if (!this.#isClosed) this.#handlers.candidateRefused(refusal);
    };
    this.#candidates = new RemoteCandidates(rtc, refused);
    rtc.oncandidaterefused = refused;
    rtc.onicecandidate = ({ candidate }) => {
      if (this.#isClosed) return;
      if (this.#found) this.#found.push(candidate);
      else this.#handlers.localCandidate(candidate);
    };
    rtc.onconnectionstatechange = () => this.#stateChanged();
    rtc.onoversized = () => {
      if (this.#isClosed) return;
      this.#handlers.problem(new PairlaneError('message_too_large'));
      this.#handlers.closedByPeer();
    };
    rtc.onicecandidateerror = ({ errorCode }) => {
      if (this.#errors.size < MAX_EVIDENCE_ERRORS && errorCode >= 300 && errorCode < 800)
        this.#errors.add(errorCode);
    };
    rtc.ondatachannel = ({ channel }) => this.#channelOffered(channel);
  }

  /** From here on the handlers are told of everything. */
  begin(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  /**
   * Makes the first offer before there is a peer; `setAhead` sets it, and `makeOffer` announces it.
   * @returns its SDP, which may be sent already; undefined if it could not be made, which who needs it is told
   */
  offerAhead(): Promise<string | undefined> {
    this.#ahead = this.#createFirst();
    return this.#ahead.then(
      ({ sdp }) => sdp,
      () => undefined,
    );
  }

  /** Sets that offer: from here on candidates are found. */
  setAhead(): void {
    this.#offered = this.#ahead?.then(async (offer) => {
      await this.#rtc.setLocalDescription(offer);
      return offer.sdp;
    });
    this.#offered?.catch(() => {});
  }

  isOpen(label: string): boolean {
    return this.#channels.get(label)?.isOpen === true;
  }

  /** @param iceRestart false: it is the first offer, which includes the data channels; only its maker creates them */
  makeOffer(iceRestart: boolean): void {
    this.#enqueue(async () => {
      this.#found ??= [];
      this.#restartIsDue ||= iceRestart;
      const offered = this.#offered ?? (iceRestart ? this.#offerRestart() : this.#offerFirst());
      this.#offered = undefined;
      const sent = await offered;
      this.#announce((sdp) => this.#handlers.localOffer(sent ?? sdp));
    });
  }

  /** Answers the peer's offer, which rolls back a pending offer of our own. A newer offer supersedes it. */
  applyOffer(given: string): void {
    this.#offersReceived += 1;
    const serial = this.#offersReceived;
    this.#enqueue(async () => {
      if (serial !== this.#offersReceived) return;
      checkDescription(given);
      const sdp = this.#candidates.bounded(given);
      await this.#rtc.setRemoteDescription({ type: 'offer', sdp });
      this.#described(sdp);
      this.#found ??= [];
      await this.#rtc.setLocalDescription();
      this.#answered();
      if (serial !== this.#offersReceived) return;
      this.#announce((sdp) => this.#handlers.localAnswer(sdp));
    });
  }

  applyAnswer(given: string): void {
    this.#enqueue(async () => {
      checkDescription(given);
      const sdp = this.#candidates.bounded(given);
      await this.#rtc.setRemoteDescription({ type: 'answer', sdp });
      this.#answered();
      this.#described(sdp);
    });
  }

  /** Keeps the peer's candidate until its description is applied. */
  holdCandidate(candidate: IceCandidate | null): void {
    this.#candidates.hold(candidate);
  }

  /** Adds the peer's candidate after the descriptions that came before it; nothing waits for it. */
  addCandidate(candidate: IceCandidate | null): void {
    this.#enqueue(async () => this.#candidates.add(candidate));
  }

  /** The progress of its checks; undefined if there are no statistics. */
  async evidence(): Promise<Evidence | undefined> {
    const report = await this.#rtc.getStats?.();
    if (!report) return undefined;
    const errors = [...this.#errors];
    return { ...evidenceOf(report, this.#rtc.sctp?.state), ...(errors.length > 0 && { errors }) };
  }

  /** A report on the connection for the server; undefined if there are no statistics. */
  async flow(): Promise<Flow | undefined> {
    const report = await this.#rtc.getStats?.();
    const buffered = [...this.#channels.values()].reduce((sum, channel) => sum + channel.bufferedAmount, 0);
    return report && flowOf(report, buffered);
  }

  /** Statistics; undefined if there are none. */
  async stats(): Promise<ConnectionStats | undefined> {
    const report = await this.#rtc.getStats?.();
    return report && statsOf(report);
  }

  /**
   * Reports the present state after an answer: a renegotiation need not change it. If the answer took our ICE restart
   * back without another one in its place, the connection counts as failed, so that ICE is restarted all the same.
   */
  probe(): void {
    this.#enqueue(async () => {
      const { connectionState } = this.#rtc;
      // After a restart it may still be that of the old path.
      const isFailed = connectionState === 'failed' && !this.#areNew;
      if (this.#restartIsDue || isFailed) this.#handlers.failed();
      else if (connectionState === 'connected') {
        this.#isUp = true;
        this.#handlers.established();
      }
    });
  }

  /** @returns resolves when the message was handed over; see {@link Channel.send} */
  send(data: string | Uint8Array, label: string, signal?: AbortSignal): Promise<void> {
    return this.#channels.get(label)?.send(data, signal) ?? Promise.reject(new PairlaneError('not_open'));
  }

  /** @returns whether the message was handed over at once; see {@link Channel.trySend} */
  trySend(data: string | Uint8Array, label: string): boolean {
    return this.#channels.get(label)?.trySend(data) === true;
  }

  /** Whether the peer may not have received something that was accepted for it. */
  get hasUnsent(): boolean {
    return [...this.#channels.values()].some((channel) => channel.hasUnsent);
  }

  /**
   * Accepts no more messages, and reports when the peer has received the accepted ones. Messages from the peer still
   * arrive.
   */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const channels = [...this.#channels.values()];
    Promise.all(channels.map((channel) => channel.flushed()))
      .then(() => (this.#isClosed ? [] : Promise.all(channels.map((channel) => channel.closedByBoth()))))
      .then(() => {
        if (!this.#isClosed) this.#handlers.drained();
      });
  }

  /** @returns resolves when its sockets are released; never rejects */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      for (const channel of this.#channels.values()) channel.close();
      await this.#rtc.close();
    } catch {
      // The connection is gone either way.
    }
  }

  #enqueue(operation: () => Promise<void>): void {
    this.#operations = this.#operations
      .then(() => (this.#isClosed ? undefined : operation()))
      .catch((error) => {
        if (this.#isClosed) return;
        this.#handlers.descriptionRefused(PairlaneError.from('description_refused', error));
      });
  }

  async #offerFirst(): Promise<undefined> {
    this.#openChannels();
    await this.#rtc.setLocalDescription();
  }

  async #createFirst(): Promise<SessionDescription> {
    this.#openChannels();
    return this.#rtc.createOffer();
  }

  #openChannels(): void {
    for (const { label, ...init } of this.#agreed) this.#adopt(this.#rtc.createDataChannel(label, init));
  }

  async #offerRestart(): Promise<undefined> {
    await this.#rtc.setLocalDescription(await this.#rtc.createOffer({ iceRestart: true }));
  }

  /** Tells of the description that was set, then of the candidates that were found meanwhile. */
  #announce(description: (sdp: string) => void): void {
    if (this.#isClosed) return;
    description(this.#rtc.localDescription?.sdp ?? '');
    const found = this.#found ?? [];
    this.#found = undefined;
    for (const candidate of found) this.#handlers.localCandidate(candidate);
  }

  #answered(): void {
    this.#isUp = false;
    const credentials = credentialsIn(this.#rtc.localDescription?.sdp ?? '');
    this.#areNew = credentials !== this.#credentials;
    this.#credentials = credentials;
    if (this.#areNew) this.#restartIsDue = false;
  }

  #described(sdp: string): void {
    if (!this.#isClosed) this.#candidates.described(sdp);
  }

  #established(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#handlers.established();
  }

  #stateChanged(): void {
    if (this.#isClosed) return;
    const { connectionState } = this.#rtc;
    if (connectionState !== 'connected') this.#isUp = false;
    switch (connectionState) {
      case 'connected':
        this.#established();
        return;
      case 'failed':
        this.#handlers.failed();
        return;
      case 'closed':
        this.#handlers.closedByPeer();
        return;
    }
  }

  #channelOffered(channel: DataChannel): void {
    if (this.#isClosed) return;
    const { label } = channel;
    const isTaken = this.#channels.get(label)?.isOver === false;
    if (isTaken || !this.#agreed.some((agreed) => agreed.label === label)) {
      channel.close();
      this.#unexpectedChannels += 1;
      this.#handlers.problem(new PairlaneError('unexpected_channel'));
      if (this.#unexpectedChannels > MAX_UNEXPECTED_CHANNELS) this.#handlers.closedByPeer();
      return;
    }
    this.#adopt(channel).announceOpen();
  }

  #adopt(channel: DataChannel): Channel {
    const { label } = channel;
    const ifOpen =
      <Args extends unknown[]>(handler: (...args: Args) => void) =>
      (...args: Args) => {
        if (!this.#isClosed) handler(...args);
      };
    const adopted = new Channel(channel, {
      opened: ifOpen(() => {
        // There is a path. A page that was frozen may hear of the state later, when the time to find one is up.
        if (label === this.#agreed[0]?.label) this.#established();
        this.#handlers.opened(label);
      }),
      message: ifOpen((data: string | Uint8Array) => this.#handlers.message(data, label)),
      closed: ifOpen(() => this.#channelClosed(label, adopted)),
    });
    this.#channels.set(label, adopted);
    return adopted;
  }

  /**
   * By closing its first channel, a peer closes the connection; any other one it may not support, or may open again.
   */
  #channelClosed(label: string, channel: Channel): void {
    if (this.#channels.get(label) !== channel || this.#isDraining) return;
    this.#channels.delete(label);
    const [first] = this.#agreed;
    if (!first || label === first.label) this.#handlers.closedByPeer();
    else if (this.isOpen(first.label)) this.#handlers.channelClosed(label);
  }
}

/**
 * werift accepts any text as a description without content, and then waits for a path that nobody described. Everything
 * in a description is processed and answered, so one of megabytes would keep the reader busy for minutes.
 */
function checkDescription(sdp: string): void {
  if (sdp.length > MAX_DESCRIPTION_CHARS) throw new PairlaneError('description_refused', 'it is too long');
  if ([...sdp.matchAll(/^m=/gm)].length > MAX_MEDIA_SECTIONS)
    throw new PairlaneError('description_refused', 'it describes too much');
  if (!/^m=application /m.test(sdp)) {
    throw new PairlaneError('description_refused', 'it describes no data channel');
  }
}
