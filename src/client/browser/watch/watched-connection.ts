/**
 * What a watched connection reports: its state, evidence from its statistics, and of descriptions and candidates only
 * their kinds. No address, and nothing that anybody could connect with.
 */
import { systemClock } from '../../../common/clock.ts';
import { MAX_EVIDENCE_ERRORS } from '../../../protocol/inspect/evidence-values.ts';
import type { ClientMessage } from '../../../protocol/native/client-messages.ts';
import { EvidenceReporter } from '../../negotiation/evidence-reporter.ts';
import { FlowReporter } from '../../negotiation/flow-reporter.ts';
import { evidenceOf, flowOf } from '../../rtc/evidence.ts';
import { kindsOfCandidate, termsOfDescription } from './reduce.ts';
import type { LinkHandlers, Send } from './watch-link.ts';

/** There are fewer kinds of candidates, and more descriptions than that say nothing new. */
const MAX_SIGNALS = 32;

type Method = 'close' | 'createDataChannel';

export class WatchedConnection implements LinkHandlers {
  readonly #connection: RTCPeerConnection;
  readonly #channels = new Set<RTCDataChannel>();
  readonly #errors = new Set<number>();
  /** Descriptions and candidates as JSON, each once: the two ends may be paired after them. */
  readonly #signals = new Set<string>();
  readonly #undo: (() => void)[] = [];
  #wasConnected = false;
  #send: Send | undefined;
  #evidence: EvidenceReporter | undefined;
  #flow: FlowReporter | undefined;

  /** @param closed called when the connection is closed by our side, for which there is no event */
  constructor(connection: RTCPeerConnection, closed: () => void) {
    this.#connection = connection;
    this.#on('connectionstatechange', () => this.#stateChanged());
    this.#on('signalingstatechange', () => this.#described());
    this.#on('icecandidate', ({ candidate }) => this.#found(candidate?.candidate));
    this.#on('icecandidateerror', ({ errorCode }) => {
      if (this.#errors.size < MAX_EVIDENCE_ERRORS && errorCode >= 300 && errorCode < 800)
        this.#errors.add(errorCode);
    });
    this.#on('datachannel', ({ channel }) => this.#opened(channel));
    this.#after('createDataChannel', (channel) => this.#opened(channel as RTCDataChannel));
    this.#after('close', closed);
    this.#described();
  }

  stop(): void {
    this.unpaired();
    for (const undo of this.#undo) undo();
  }

  paired(send: Send): void {
    // A server may say so twice.
    this.unpaired();
    this.#send = send;
    // After this the server accepts descriptions in any order: which end reports first says nothing.
    send({ type: 'signal', data: 'watch' });
    for (const signal of this.#signals) send(JSON.parse(signal));
    this.#stateChanged();
    this.#collect();
    this.#flow = new FlowReporter({
      clock: systemClock,
      read: async () => {
        let buffered = 0;
        for (const { bufferedAmount } of this.#channels) buffered += bufferedAmount;
        return flowOf(await this.#connection.getStats(), buffered);
      },
      send: (flow) => send({ type: 'evidence', flow }),
    });
  }

  unpaired(): void {
    this.#send = undefined;
    this.#evidence?.stop();
    this.#flow?.stop();
  }

  offered(): void {
    this.#report();
  }

  flowAsked(seconds: number): void {
    // Who looks only now has missed how the connection came up.
    if (this.#flow?.ask(seconds)) this.#collect();
  }

  #report(): void {
    this.#send?.({ type: 'report', state: this.#connection.connectionState });
  }

  #stateChanged(): void {
    this.#report();
    if (this.#connection.connectionState === 'connected') this.#wasConnected = true;
    else if (this.#wasConnected) this.#collect();
  }

  /** Collects evidence until the connection is up. */
  #collect(): void {
    const send = this.#send;
    if (!send) return;
    this.#evidence?.stop();
    this.#evidence = new EvidenceReporter({
      clock: systemClock,
      read: async () => ({
        ...evidenceOf(await this.#connection.getStats(), this.#connection.sctp?.state),
        errors: [...this.#errors],
      }),
      send: (evidence) => send({ type: 'evidence', ...evidence }),
    });
  }

  /** Our side has described itself. What the two agree on later, over the connection, is not reported. */
  #described(): void {
    const { type, sdp } = this.#connection.localDescription ?? {};
    if (this.#wasConnected || !sdp || (type !== 'offer' && type !== 'answer')) return;
    this.#tell({ type, sdp: termsOfDescription(sdp) });
    for (const candidate of sdp.match(/candidate:.*/g) ?? []) this.#found(candidate);
  }

  /** @param candidate undefined: there are no more */
  #found(candidate: string | undefined): void {
    const kinds = candidate && kindsOfCandidate(candidate);
    if (kinds) this.#tell({ type: 'candidate', candidate: { candidate: kinds } });
    else if (candidate === undefined) this.#tell({ type: 'candidate', candidate: null });
  }

  #tell(signal: ClientMessage): void {
    const text = JSON.stringify(signal);
    if (this.#signals.has(text) || this.#signals.size === MAX_SIGNALS) return;
    this.#signals.add(text);
    this.#send?.(signal);
  }

  #opened(channel: RTCDataChannel): void {
    this.#channels.add(channel);
    channel.addEventListener('close', () => this.#channels.delete(channel));
  }

  #on<Type extends keyof RTCPeerConnectionEventMap>(
    type: Type,
    handler: (event: RTCPeerConnectionEventMap[Type]) => void,
  ): void {
    this.#connection.addEventListener(type, handler as EventListener);
    this.#undo.push(() => this.#connection.removeEventListener(type, handler as EventListener));
  }

  /** Calls the handler with each result of the connection's method. */
  #after(method: Method, handler: (result: unknown) => void): void {
    const connection = this.#connection as unknown as Record<Method, (...args: unknown[]) => unknown>;
    const original = connection[method];
    const watched = (...args: unknown[]) => {
      const result = original.apply(connection, args);
      handler(result);
      return result;
    };
    connection[method] = watched;
    this.#undo.push(() => {
      // Another program may have wrapped it since.
      if (connection[method] === watched) connection[method] = original;
    });
  }
}
