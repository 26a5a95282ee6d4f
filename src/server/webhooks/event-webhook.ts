/** Reports sessions, pairings and rooms to a webhook: in order, signed, and sent again until accepted. */
import type { Clock } from '../../common/clock.ts';
import {
  type DeliveryContext,
  deliveryMachine,
  Hosted,
  MachineHost,
  type StepQueue,
} from '../../machines/index.ts';
import type { GivenHooks } from '../embed/hooks.ts';
import { fetchBounded } from '../http/bounded-fetch.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { EventQueue } from './event-queue.ts';
import { pairingEvent, roomEvent, sessionEvent, type WebhookEvent } from './events.ts';
import { webhookHeaders } from './sign.ts';

export interface EventWebhookOptions {
  readonly url: string;
  readonly secret: Buffer;
  readonly node: number;
}

export interface EventWebhookDeps {
  readonly queue: StepQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'webhookEvents' | 'measure'>;
  readonly random: () => number;
}

class Delivery extends Hosted<DeliveryContext> {}
export type DeliveryHost = MachineHost<typeof deliveryMachine, Delivery>;

const LIMITS = { maxEvents: 10_000, maxBytes: 16 * 1024 * 1024, batchEvents: 100, batchBytes: 256 * 1024 };
/** The body of the answer is ignored. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class EventWebhook {
  readonly host: DeliveryHost;
  readonly events = new EventQueue(LIMITS);
  readonly #options: EventWebhookOptions;
  readonly #deps: EventWebhookDeps;
  readonly #delivery = new Delivery();
  /** Identifies this process: events of an earlier one have the same numbers. */
  readonly #run: string;
  #late = new AbortController();
  #ended: () => void = () => {};
  #hasLost = false;
  #isFailing = false;
  /** Why the last attempt failed. */
  #problem = '';

  constructor(options: EventWebhookOptions, deps: EventWebhookDeps) {
    this.#options = options;
    this.#deps = deps;
    const { queue, log, clock, metrics } = deps;
    this.#run = `${options.node}-${Math.floor(clock.wallTime())}`;
    this.host = new MachineHost(deliveryMachine, {
      queue,
      executors: {
        sendBatch: () => void this.#send(),
        abortRequest: () => this.#late.abort(new Error('There was no answer in time')),
        announceFailure: () => {
          if (!this.#isFailing)
            log.warn(
              { event: 'webhook_failed', hook: 'event-webhook' },
              `The event webhook failed; trying again: ${this.#problem}`,
            );
          this.#isFailing = true;
        },
        announceRecovery: () => {
          if (this.#isFailing)
            log.info({ event: 'webhook_recovered' }, 'The event webhook accepts events again');
          this.#isFailing = false;
          this.#hasLost = false;
        },
        countRest: () => {
          this.#countLost(this.events.loseRest());
          this.#ended();
        },
      },
      onError: (_delivery, error, effect) =>
        log.error(
          { event: 'webhook_failed', hook: 'event-webhook', effect, err: error },
          'The event webhook failed',
        ),
    });
    this.host.start(this.#delivery, undefined);
    metrics.measure({ hosts: [this.host] });
  }

  /** The hooks that collect its events, as for an embedding program. */
  get hooks(): GivenHooks {
    return {
      authorize: undefined,
      authorizeTimeoutMs: undefined,
      onSession: (change) => this.#tell(sessionEvent(change)),
      onPairing: (change) => this.#tell(pairingEvent(change)),
      onRoom: (change) => this.#tell(roomEvent(change)),
    };
  }

  /**
   * Sends what is left, for at most two seconds.
   * @param signal when aborted, it is lost
   */
  stop(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#delivery.isDone) resolve();
      this.#ended = resolve;
      this.host.dispatch(this.#delivery, { type: 'STOPPED' });
      const hasten = () => this.#late.abort(new Error('The server waits no longer'));
      if (signal.aborted) hasten();
      else signal.addEventListener('abort', hasten);
    });
  }

  #tell(event: WebhookEvent): void {
    const at = Math.round(this.#deps.clock.wallTime());
    const isTaken = this.events.push((seq) => JSON.stringify({ seq, at, ...event }));
    if (isTaken) this.host.dispatch(this.#delivery, { type: 'QUEUED' });
    else this.#countLost(1);
  }

  #countLost(count: number): void {
    if (count === 0) return;
    const { metrics, log } = this.#deps;
    metrics.webhookEvents.add('lost', count);
    if (this.#hasLost) return;
    this.#hasLost = true;
    log.error(
      { event: 'webhook_events_lost' },
      'Events for the webhook are lost: too many wait, or the server ends',
    );
  }

  async #send(): Promise<void> {
    const { url, secret, node } = this.#options;
    const { clock, metrics, random } = this.#deps;
    const batch = this.events.batch();
    if (!batch) {
      this.host.dispatch(this.#delivery, { type: 'DELIVERED', hasMore: false });
      return;
    }
    const body = `{"node":${node},"lost":${this.events.lost},"events":[${batch.texts.join(',')}]}`;
    const headers = webhookHeaders(secret, `${this.#run}-${batch.first}`, clock.wallTime(), body);
    this.#late = new AbortController();
    const { signal } = this.#late;
    try {
      const { status } = await fetchBounded(url, { method: 'POST', headers, body, signal }, MAX_ANSWER_BYTES);
      if (status < 200 || status > 299) throw new Error(`the answer has the status ${status}`);
      metrics.webhookEvents.add('delivered', this.events.taken());
      this.host.dispatch(this.#delivery, { type: 'DELIVERED', hasMore: this.events.size > 0 });
    } catch (error) {
      this.#problem = (error as Error).message;
      this.host.dispatch(this.#delivery, { type: 'FAILED', random: random() });
    }
  }
}
