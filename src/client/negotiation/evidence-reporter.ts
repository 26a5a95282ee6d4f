/**
 * Reports the progress of the connection's checks to the server, if it wants to know, until the connection is
 * established.
 */
import type { Clock } from '../../common/clock.ts';
import type { Evidence } from '../../protocol/inspect/evidence.ts';

/** Immediate failures, such as of DTLS, happen within half a second. */
const PERIOD_MS = 200;
/** Half a minute of changes: anything that goes on for longer adds nothing. */
const MAX_REPORTS = 120;

export interface EvidenceDeps {
  readonly clock: Clock;
  /** @returns undefined if there are no statistics */
  read(): Promise<Evidence | undefined>;
  send(evidence: Evidence): void;
}

export class EvidenceReporter {
  readonly #deps: EvidenceDeps;
  readonly #stopTicking: () => void;
  #isReading = false;
  #isOver = false;
  #told = '';
  #reports = 0;

  constructor(deps: EvidenceDeps) {
    this.#deps = deps;
    this.#stopTicking = deps.clock.every(PERIOD_MS, () => void this.#tick());
  }

  stop(): void {
    this.#isOver = true;
    this.#stopTicking();
  }

  async #tick(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      const evidence = await this.#deps.read();
      if (evidence && !this.#isOver) this.#tell(evidence);
    } catch {
      // A connection that was closed meanwhile has no statistics.
    }
    this.#isReading = false;
  }

  #tell(evidence: Evidence): void {
    const text = JSON.stringify(evidence);
    if (text === this.#told) return;
    this.#told = text;
    this.#deps.send(evidence);
    this.#reports += 1;
    if (isUp(evidence) || this.#reports === MAX_REPORTS) this.stop();
  }
}

function isUp({ dtls, sctp, pairs = [] }: Evidence): boolean {
  return (
    dtls === 'connected' && (sctp ?? 'connected') === 'connected' && pairs.some(({ selected }) => selected)
  );
}
