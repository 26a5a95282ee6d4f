/** Many pairs of peers in one process that talk to each other and count the results. */
import { createHistogram } from 'node:perf_hooks';
import { PairlaneError } from '../peer/errors.ts';
import type { Peer } from '../peer/peer.ts';

export interface FleetOptions {
  readonly pairs: number;
  /** Messages per second that each bot sends; 0: as fast as the channel accepts them. */
  readonly rate: number;
  /** How many messages each bot sends; 0: until the time is over. */
  readonly messages: number;
  /** How long the bots talk at most; 0: no limit. */
  readonly seconds: number;
  readonly createPeer: () => Promise<Peer>;
}

export interface FleetCounts {
  pairs: number;
  failedPairs: number;
  sent: number;
  received: number;
  /** Milliseconds from requesting the pairing until both sides could send. */
  readonly openedAfterMs: number[];
  /** Microseconds from sending a message until the other bot has it. */
  readonly latencyUs: { readonly count: number; percentile(percent: number): number };
  readonly errors: Map<string, number>;
}

/** A werift handshake takes about 30 ms of a core: more of them at once would only wait for each other. */
const OPENING_AT_ONCE = 8;
const TICK_MS = 20;
/** How long after the last message nothing may arrive before the rest counts as lost. */
const SILENCE_MS = 3_000;
const MESSAGE_BYTES = 64;

interface Bot {
  readonly peer: Peer;
  sent: number;
  /** The numbers of the messages received: a duplicate counts once. */
  readonly received: Set<string>;
  startedAt: number;
  isSending: boolean;
  isGone: boolean;
}

export class Fleet {
  /** Of fixed size, however many messages there are. */
  readonly #latencyUs = createHistogram();
  readonly counts: FleetCounts = {
    pairs: 0,
    failedPairs: 0,
    sent: 0,
    received: 0,
    openedAfterMs: [],
    latencyUs: this.#latencyUs,
    errors: new Map(),
  };
  readonly #options: FleetOptions;
  readonly #bots: Bot[] = [];
  readonly #peers: Peer[] = [];
  #endsAt = Number.POSITIVE_INFINITY;
  #lastReceivedAt = 0;
  #isStopped = false;
  #isClosing = false;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Connects, pairs and talks until everything was said or the time is over, and what was sent has arrived. */
  async run(): Promise<void> {
    let begun = 0;
    const openAll = async () => {
      while (begun < this.#options.pairs && !this.#isStopped) {
        begun += 1;
        await this.#openPair();
      }
    };
    const ticker = setInterval(() => this.#tick(), TICK_MS);
    try {
      await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openAll));
      // The time starts once all pairs are open, so that each has all of it.
      if (this.#options.seconds > 0) this.#endsAt = performance.now() + this.#options.seconds * 1000;
      while (!this.#isOver()) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    } finally {
      clearInterval(ticker);
      this.#isClosing = true;
      await Promise.all(this.#peers.map((peer) => peer.close()));
    }
  }

  /** Sends no more; messages on their way may still arrive. */
  stop(): void {
    this.#isStopped = true;
  }

  async #openPair(): Promise<void> {
    try {
      const [a, b] = [await this.#join(), await this.#join()];
      const startedAt = performance.now();
      const opened = Promise.all([a.opened(), b.opened()]);
      // It may be rejected while the pairing is still being requested.
      opened.catch(() => {});
      await a.pair({ id: b.id as string });
      await opened;
      this.counts.pairs += 1;
      this.counts.openedAfterMs.push(performance.now() - startedAt);
      for (const peer of [a, b]) this.#addBot(peer);
    } catch (error) {
      this.counts.failedPairs += 1;
      this.#countError(error);
    }
  }

  async #join(): Promise<Peer> {
    const peer = await this.#options.createPeer();
    this.#peers.push(peer);
    return peer;
  }

  #addBot(peer: Peer): void {
    const bot: Bot = {
      peer,
      sent: 0,
      received: new Set(),
      startedAt: performance.now(),
      isSending: false,
      isGone: false,
    };
    this.#bots.push(bot);
    peer.on('message', (data) => {
      const [number = '', sentAt = ''] = String(data).split(' ');
      if (bot.received.has(number)) return;
      bot.received.add(number);
      this.counts.received += 1;
      this.#lastReceivedAt = performance.now();
      const latencyUs = Math.round((this.#lastReceivedAt - Number(sentAt)) * 1_000);
      if (latencyUs > 0) this.#latencyUs.record(latencyUs);
    });
    peer.on('error', (error) => this.#countError(error));
    peer.on('peer_disconnected', () => {
      if (this.#isClosing || bot.isGone) return;
      bot.isGone = true;
      this.#countError(new PairlaneError('peer_gone'));
    });
  }

  #tick(): void {
    for (const bot of this.#bots) {
      if (!bot.isSending && this.#dueFor(bot) > bot.sent) this.#send(bot);
    }
  }

  /** How many messages the bot should have sent by now. */
  #dueFor({ startedAt, isGone, sent }: Bot): number {
    const now = performance.now();
    if (this.#isStopped || isGone || now >= this.#endsAt) return sent;
    const { rate, messages } = this.#options;
    const byNow = rate === 0 ? Number.POSITIVE_INFINITY : Math.floor(((now - startedAt) / 1000) * rate) + 1;
    return Math.min(messages || Number.POSITIVE_INFINITY, byNow);
  }

  async #send(bot: Bot): Promise<void> {
    bot.isSending = true;
    try {
      while (bot.sent < this.#dueFor(bot)) {
        // Both bots of a pair are in this process and share its clock.
        const message = `${bot.sent} ${performance.now().toFixed(3)}`.padEnd(MESSAGE_BYTES);
        bot.sent += 1;
        this.counts.sent += 1;
        await bot.peer.send(message);
      }
    } catch (error) {
      bot.isGone = true;
      this.#countError(error);
    } finally {
      bot.isSending = false;
    }
  }

  #isOver(): boolean {
    const { messages } = this.#options;
    const isTimeUp = this.#isStopped || performance.now() >= this.#endsAt;
    const isSaid = this.#bots.every(
      ({ sent, isGone, isSending }) =>
        isGone || (!isSending && (isTimeUp || (messages > 0 && sent >= messages))),
    );
    if (!isSaid) {
      this.#lastReceivedAt = performance.now();
      return false;
    }
    return this.counts.received >= this.counts.sent || performance.now() - this.#lastReceivedAt > SILENCE_MS;
  }

  #countError(error: unknown): void {
    const { code } = PairlaneError.from('internal', error);
    this.counts.errors.set(code, (this.counts.errors.get(code) ?? 0) + 1);
  }
}
