/** A PeerConnection and a DataChannel that do what a test says, and record what they were asked to do. */
import type {
  ConnectionConfig,
  DataChannel,
  IceCandidate,
  PeerConnection,
  RtcConnectionState,
  SessionDescription,
} from '../../../src/client/rtc/types.ts';

/** Enough of a description to pass the checks. */
export const SDP = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n';

export class FakeDataChannel implements DataChannel {
  readonly label: string;
  readyState: DataChannel['readyState'] = 'connecting';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  /** Handed over, but not sent yet. */
  readonly queued: (string | Uint8Array)[] = [];
  readonly sent: (string | Uint8Array)[] = [];

  constructor(label = 'chat') {
    this.label = label;
  }

  open(): void {
    this.readyState = 'open';
    this.onopen?.();
  }

  send(data: string | Uint8Array): void {
    this.queued.push(data);
    this.bufferedAmount += data.length;
  }

  /** Sends the oldest messages. */
  drain(count = this.queued.length): void {
    for (const data of this.queued.splice(0, count)) {
      this.sent.push(data);
      const before = this.bufferedAmount;
      this.bufferedAmount -= data.length;
      const low = this.bufferedAmountLowThreshold;
      if (before > low && this.bufferedAmount <= low) this.onbufferedamountlow?.();
    }
  }

  close(): void {
    this.readyState = 'closed';
    this.onclose?.();
  }
}

/** Each operation waits until the test lets it proceed. */
export class FakePeerConnection implements PeerConnection {
  connectionState: RtcConnectionState = 'new';
  localDescription: { readonly sdp: string } | null = null;
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: ((event: { candidate: IceCandidate | null }) => void) | null = null;
  ondatachannel: ((event: { channel: DataChannel }) => void) | null = null;
  readonly calls: string[] = [];
  readonly channels: FakeDataChannel[] = [];
  /** What it calls itself in its next descriptions. */
  describedAs = SDP;
  /** As it was given last. */
  config: ConnectionConfig | undefined;
  #isAnswerDue = false;
  #pending: { run: () => void; fail: (error: Error) => void }[] = [];

  /** Lets the current operation end, and everything start that follows at once. */
  async proceed(error?: Error): Promise<void> {
    const operation = this.#pending.shift();
    if (!operation) throw new Error('nothing is under way');
    if (error) operation.fail(error);
    else operation.run();
    await this.rest();
  }

  /** Moves the current operation behind all others. */
  last(): void {
    const operation = this.#pending.shift();
    if (operation) this.#pending.push(operation);
  }

  async rest(): Promise<void> {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
  }

  get isBusy(): boolean {
    return this.#pending.length > 0;
  }

  setConfiguration(config: ConnectionConfig): void {
    if (this.calls.some((call) => call.startsWith('set'))) throw new Error('too late: it has begun');
    this.config = config;
  }

  createDataChannel(label: string): DataChannel {
    const channel = new FakeDataChannel(label);
    this.channels.push(channel);
    return channel;
  }

  createOffer(restart?: { iceRestart: true }): Promise<SessionDescription> {
    return this.#operation(`createOffer(${restart ? 'restart' : ''})`, () => ({
      type: 'offer',
      sdp: this.describedAs,
    }));
  }

  setLocalDescription(given?: SessionDescription): Promise<void> {
    const type = given?.type ?? (this.#isAnswerDue ? 'answer' : 'offer');
    return this.#operation(`setLocal(${type})`, () => {
      this.localDescription = given ?? { sdp: this.describedAs };
      this.#isAnswerDue = false;
    });
  }

  setRemoteDescription(description: SessionDescription): Promise<void> {
    return this.#operation(`setRemote(${description.type})`, () => {
      this.#isAnswerDue = description.type === 'offer';
    });
  }

  addIceCandidate(candidate?: IceCandidate): Promise<void> {
    return this.#operation(`add(${candidate?.candidate ?? 'end'})`, () => {});
  }

  close(): void {
    this.calls.push('close');
  }

  #operation<T>(name: string, result: () => T): Promise<T> {
    this.calls.push(name);
    return new Promise((resolve, reject) => {
      this.#pending.push({ run: () => resolve(result()), fail: reject });
    });
  }
}
