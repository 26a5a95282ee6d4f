/**
 * The negotiation with another peer: the hosted machine, with the signaling and the connection that its effects work
 * on. What happens on either becomes an event of the machine, and only the machine decides what follows.
 */
import { Hosted, MachineHost, type NegotiationContext, negotiationMachine } from '../../machines/index.ts';
import type { Environment } from '../peer/environment.ts';
import { PairlaneError } from '../peer/errors.ts';
import { stateOf } from '../peer/peer-state.ts';
import type { RtcConnection } from '../rtc/peer-connection.ts';
import { type ChannelHandlers, CurrentConnection, type Pairing } from './current-connection.ts';
import { inspectStep } from './inspect-step.ts';
import { type NegotiationHandlers, negotiationEffects } from './negotiation-effects.ts';
import type { PeerEvent } from './negotiator-events.ts';
import type { Signaling, SignalingEvent } from './signaling.ts';

type NegotiationHost = MachineHost<typeof negotiationMachine, Hosted<NegotiationContext>, PeerEvent>;
type StateValue = Hosted<NegotiationContext>['value'];

/** What the user's side of a peer is told. */
export interface NegotiatorHandlers extends NegotiationHandlers, ChannelHandlers {
  /** Called before the effects of the step. */
  readonly stepped: (from: StateValue, to: StateValue) => void;
}

export class Negotiator {
  readonly #machine = new Hosted<NegotiationContext>();
  readonly #host: NegotiationHost;
  readonly #environment: Environment;
  readonly #signaling: Signaling;
  readonly #handlers: NegotiatorHandlers;
  readonly #current: CurrentConnection;
  #end: () => void = () => {};
  /** Resolves when the machine has reached its final state. */
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  constructor(environment: Environment, signaling: Signaling, handlers: NegotiatorHandlers) {
    this.#environment = environment;
    this.#signaling = signaling;
    this.#handlers = handlers;
    this.#current = new CurrentConnection({
      environment,
      machine: this.#machine,
      signaling,
      handlers,
      dispatch: (event) => this.send(event),
    });
    this.#host = this.#createHost();
  }

  get value(): StateValue {
    return this.#machine.value;
  }

  get context(): NegotiationContext | undefined {
    return this.#machine.context;
  }

  get connection(): RtcConnection | undefined {
    return this.#current.rtc;
  }

  /** The pairing, as long as the server knows it. */
  get serverPairing(): Pairing | undefined {
    return this.context?.isPairedAtServer === true ? this.#current.pairing : undefined;
  }

  get #isDraining(): boolean {
    return stateOf(this.value) === 'draining';
  }

  start(): void {
    this.#host.start(this.#machine, { settings: this.#environment.options.settings });
  }

  send(event: PeerEvent): void {
    this.#host.dispatch(this.#machine, event);
  }

  /** Takes an event of the signaling, of our own pairing: `Connections` has looked at its epoch. */
  heard(event: SignalingEvent): void {
    if (event.type !== 'SOCKET_LOST') {
      this.send(event);
      return;
    }
    const { type, mayReturn, afterMs } = event;
    this.send({ type, mayReturn, random: this.#environment.platform.random(), afterMs });
  }

  /**
   * Leaves the pairing, once the peer has received everything that was accepted for it.
   * @param isAtOnce does not wait for that, or no longer
   */
  unpair(isAtOnce = false): void {
    if (isAtOnce) this.send({ type: 'UNPAIR_ASKED' });
    else if (!this.#isDraining) this.send({ type: 'UNPAIR_ASKED', hasUnsent: this.#current.hasUnsent });
  }

  /** The server wants reports on the connection for this many seconds. */
  tellFlow(seconds: number): void {
    this.#current.tellFlow(seconds);
  }

  /**
   * Ends everything, once the peer has received everything that was accepted for it.
   * @param isAtOnce does not wait for that
   * @returns resolves when every socket is released
   */
  async close(isAtOnce: boolean): Promise<void> {
    const hasUnsent = !isAtOnce && (this.#current.hasUnsent || this.#isDraining);
    this.send({ type: 'CLOSE_ASKED', hasUnsent });
    await this.#ended;
    await Promise.all([this.#current.released(), this.#signaling.closed()]);
  }

  #createHost(): NegotiationHost {
    const { queue, options } = this.#environment;
    const [signaling, current, handlers] = [this.#signaling, this.#current, this.#handlers];
    const host: NegotiationHost = new MachineHost(negotiationMachine, {
      queue,
      executors: negotiationEffects({ signaling, current, handlers }),
      // A pairing whose effect failed cannot go on, but the peer can.
      onError: (_, error) => {
        handlers.problem(PairlaneError.from('internal', error));
        this.send({ type: 'UNPAIR_ASKED' });
      },
    });
    host.observer = (step) => {
      options.observer?.(step);
      if (options.inspect) signaling.send({ type: 'inspect', step: inspectStep(step) });
      handlers.stepped(step.from, step.to);
      if (step.to === 'disconnected') this.#end();
    };
    return host;
  }
}
