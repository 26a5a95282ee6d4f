/** Acts as the server for two runs of a client, and checks what the client sends against the protocol, step by step. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Level } from './case.ts';
import { ClientRun, resumeIn } from './client-run.ts';
import { Deviation } from './deviation.ts';
import type { Verdict } from './run-cases.ts';
import { MAX_SENT_BYTES } from './wire.ts';

export interface ClientTrialOptions {
  /** A shell command; `{url}` in it is replaced by the URL to connect to. */
  readonly command: string;
  /** How long a step may take, in milliseconds. */
  readonly patienceMs: number;
  /** `full`: also checks whether it comes back after losing its socket, if it says that it can. */
  readonly level: Level;
}

type Told = Parameters<ClientRun['tell']>[0];

class Trial {
  readonly #options: ClientTrialOptions;
  readonly #changes = new EventEmitter();
  readonly #server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: MAX_SENT_BYTES });
  readonly #children: ChildProcess[] = [];
  readonly #runs: ClientRun[] = [];
  /** The fault of a client that ended before it connected, or came back without a valid `resume`. */
  #fault: string | undefined;

  constructor(options: ClientTrialOptions) {
    this.#options = options;
    this.#server.on('connection', (socket, { url = '' }) => {
      // What violates WebSocket ends its socket; the close event follows.
      socket.on('error', () => {});
      const resume = new URLSearchParams(url.split('?')[1]).get('resume');
      if (resume === 'back') {
        this.#comesBack(socket);
        return;
      }
      const id = `client-${this.#runs.length + 1}`;
      this.#runs.push(new ClientRun(id, socket, resume !== null, this.#changes));
      this.#changes.emit('change');
    });
  }

  #comesBack(socket: WebSocket): void {
    socket.once('message', (data) => {
      const resume = resumeIn(String(data));
      const run = this.#runs.find(({ id }) => id === resume?.id);
      if (run?.isAway && resume) {
        run.comeBack(socket, resume);
        return;
      }
      this.#fault ??= resume
        ? `resume with the id ${String(resume.id).slice(0, 80)}, which is not its own`
        : 'another first message than resume on a socket with ?resume=back';
      socket.terminate();
      this.#changes.emit('change');
    });
  }

  /** Starts the client twice, and waits until both have connected. */
  async start(): Promise<void> {
    if (!this.#server.address()) await once(this.#server, 'listening');
    const url = `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
    for (let run = 0; run < 2; run += 1) {
      // A process group of its own, so that what the shell starts ends with it.
      const child = spawn(this.#options.command.replaceAll('{url}', url), {
        shell: true,
        stdio: 'ignore',
        detached: true,
      });
      child.on('error', () => {});
      child.on('exit', (code, signal) => {
        if (this.#runs.length >= 2) return;
        this.#fault = `the command ended with ${code === null ? signal : `status ${code}`}`;
        this.#changes.emit('change');
      });
      this.#children.push(child);
    }
    await this.until(() => this.#runs.length >= 2, 'both were started', 'two connections');
  }

  get both(): readonly [ClientRun, ClientRun] {
    return [this.#runs[0] as ClientRun, this.#runs[1] as ClientRun];
  }

  /**
   * Waits for something that a client does.
   * @throws Deviation if it sends something wrong, or disconnects
   */
  async until(fact: () => boolean, when: string, what: string): Promise<void> {
    const signal = AbortSignal.timeout(this.#options.patienceMs);
    for (;;) {
      if (this.#runs.length < 2 && this.#fault) throw new Deviation(when, what, this.#fault);
      for (const { fault = this.#fault, isClosed } of this.#runs) {
        if (fault) throw new Deviation(when, 'a message of the protocol', fault);
        if (isClosed) throw new Deviation(when, 'an open connection', 'it was closed by the client');
      }
      if (fact()) return;
      await once(this.#changes, 'change', { signal }).catch(() => {
        throw new Deviation(when, what, `nothing within ${this.#options.patienceMs} ms`);
      });
    }
  }

  /** Tells them that they are paired, and relays their messages until each description has reached the other. */
  async negotiate(initiator: ClientRun, responder: ClientRun, epoch: number): Promise<void> {
    for (const [run, other] of [
      [initiator, responder],
      [responder, initiator],
    ] as const) {
      run.said = [];
      run.peer = other;
      const isInitiator = run === initiator;
      run.tell({
        type: 'paired',
        peer_id: other.id,
        initiator: isInitiator,
        polite: !isInitiator,
        epoch,
        from_the_future: {},
      });
    }
    const has = (run: ClientRun, type: string) => () => run.said.some((message) => message.type === type);
    await this.until(has(initiator, 'offer'), 'it was paired as the initiator', 'an offer');
    if (has(responder, 'offer')())
      throw new Deviation('it was paired as the responder', 'no offer', 'an offer');
    await this.until(has(responder, 'answer'), 'it had an offer', 'an answer');
  }

  /** Tells each that its peer is gone. */
  part(): void {
    for (const run of this.both) {
      const peerId = run.peer?.id;
      run.peer = undefined;
      run.tell({ type: 'peer_disconnected', peer_id: peerId, reason: 'disconnected' });
    }
  }

  /** Drops both sockets, and waits until both have come back. */
  async loseBoth(): Promise<void> {
    const returns = this.both.map((run) => run.returns);
    for (const run of this.both) run.lose();
    await this.until(
      () => this.both.every((run, i) => run.returns > (returns[i] as number)),
      'its socket was lost',
      'a socket with ?resume=back, and resume on it',
    );
  }

  /** Sends a message after which both should still be connected. */
  async stay(message: Told, when: string): Promise<void> {
    for (const run of this.both) {
      run.said = [];
      run.tell(message);
      run.tell({ type: 'ping' });
    }
    await this.until(() => this.both.every(({ said }) => said.length > 0), when, 'an answer to a ping');
  }

  end(): void {
    for (const run of this.#runs) run.end();
    for (const { pid } of this.#children) if (pid !== undefined) killGroup(pid);
    this.#server.close();
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The process has ended by itself.
  }
}

interface Step {
  readonly name: string;
  readonly level?: 'full';
  readonly run: (trial: Trial) => Promise<void>;
}

const steps: readonly Step[] = [
  { name: 'it connects, and takes its id', run: (trial) => trial.start() },
  { name: 'it answers a ping', run: (trial) => trial.stay({ type: 'ping' }, 'it was pinged') },
  {
    name: 'it passes over messages that it does not know',
    run: (trial) =>
      trial.stay({ type: 'from_the_future', field: [1] }, 'it was sent a message of an unknown type'),
  },
  {
    name: 'it stays after an error',
    run: (trial) =>
      trial.stay({ type: 'error', message: 'Target client not found' }, 'it was told of an error'),
  },
  {
    name: 'as initiator it offers, as responder it waits and answers',
    run: (trial) => trial.negotiate(...trial.both, 7),
  },
  {
    name: 'told that its peer is gone, it stays, and connects to the next one in the other role',
    async run(trial) {
      const [a, b] = trial.both;
      trial.part();
      await trial.stay({ type: 'ping' }, 'its peer was gone');
      await trial.negotiate(b, a, 8);
    },
  },
  {
    name: 'it acks what it is sent, though it has nothing to say',
    level: 'full',
    async run(trial) {
      for (const run of trial.both)
        for (let i = 0; i < FRAMES_FOR_AN_ACK; i += 1) run.tell({ type: 'from_the_future', i });
      const [first, second] = trial.both.map(({ acked }) => acked) as [number, number];
      await trial.until(
        () => trial.both[0].acked > first && trial.both[1].acked > second,
        `it was sent ${FRAMES_FOR_AN_ACK} frames`,
        'an ack',
      );
    },
  },
  {
    name: 'its socket lost, it comes back with its id and its token, and stays paired; and once more, with the next token',
    level: 'full',
    async run(trial) {
      for (let i = 0; i < 2; i += 1) {
        await trial.loseBoth();
        await trial.stay({ type: 'ping' }, 'it was back');
      }
    },
  },
  {
    name: 'what it said when its socket was lost goes again when it is back, under the same number',
    level: 'full',
    async run(trial) {
      const [a, b] = trial.both;
      trial.part();
      await trial.stay({ type: 'ping' }, 'its peer was gone');
      a.losesAt = 'offer';
      b.losesAt = 'answer';
      await trial.negotiate(a, b, 9);
      for (const { lost } of [a, b])
        if (!lost)
          throw new Deviation('its socket was lost at an offer or answer', 'that one again', 'another');
    },
  },
  {
    name: 'what it was sent while it was away arrives, and what arrives twice counts once',
    level: 'full',
    async run(trial) {
      const [a, b] = trial.both;
      trial.part();
      await trial.stay({ type: 'ping' }, 'its peer was gone');
      b.lose();
      // It waits for the initiator, which is away.
      await trial.negotiate(b, a, 10);
      const { offers } = b;
      b.repeat('paired');
      // Any reaction must come before the next pairing.
      trial.part();
      await trial.stay({ type: 'ping' }, 'it was sent a frame twice');
      await trial.negotiate(a, b, 11);
      if (b.offers > offers) throw new Deviation('it was sent a frame twice', 'no second offer', 'an offer');
    },
  },
];

/** docs/protocol.md requires an ack after 16 received frames if there is nothing else to send. */
const FRAMES_FOR_AN_ACK = 20;

/**
 * @param told called with each verdict as soon as it is known. A failed step ends the run, because later steps depend
 * on it.
 */
export async function judgeClient(
  options: ClientTrialOptions,
  told: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const trial = new Trial(options);
  const verdicts: Verdict[] = [];
  let failed: string | undefined;
  for (const { name, level = 'seed', run } of steps) {
    if (level === 'full' && options.level === 'seed') continue;
    const why = failed ? `it stands on: ${failed}` : level === 'full' ? cannotReturn(trial) : undefined;
    const verdict: Verdict =
      why === undefined
        ? await verdictOf({ name, level }, () => run(trial))
        : { name, level, result: 'skipped', why };
    if (verdict.result === 'fail') failed = name;
    verdicts.push(verdict);
    told(verdict);
  }
  trial.end();
  return verdicts;
}

function cannotReturn({ both }: Trial): string | undefined {
  return both.every(({ isResumable }) => isResumable)
    ? undefined
    : 'it asks for no session that it can come back to (?resume=1)';
}

async function verdictOf(
  about: Pick<Verdict, 'name' | 'level'>,
  step: () => Promise<void>,
): Promise<Verdict> {
  try {
    await step();
    return { ...about, result: 'pass' };
  } catch (error) {
    if (!(error instanceof Deviation)) throw error;
    const { when, expected, got } = error;
    return { ...about, result: 'fail', when, expected, got };
  }
}
