/** Plays the server for two runs of a client: what it says of itself is held to the protocol, step by step. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { clientSchemas, explain, isRecord, type Schema } from '../../protocol/index.ts';
import { Deviation } from './deviation.ts';
import type { Verdict } from './run-cases.ts';

export interface ClientTrialOptions {
  /** As a shell takes it; `{url}` in it is where it connects. */
  readonly command: string;
  /** How long a step may take, in milliseconds. */
  readonly patienceMs: number;
}

type Message = { readonly type: string; readonly [field: string]: unknown };

const RELAYED = new Set(['offer', 'answer', 'candidate']);

/** One run of the client, as the server sees it. */
class Run {
  readonly id: string;
  readonly #socket: WebSocket;
  readonly #changes: EventEmitter;
  /** What it said since it was last asked. */
  said: Message[] = [];
  /** The first thing it said that is no message of the protocol. */
  fault: string | undefined;
  peer: Run | undefined;
  isClosed = false;

  constructor(id: string, socket: WebSocket, changes: EventEmitter) {
    this.id = id;
    this.#socket = socket;
    this.#changes = changes;
    socket.on('message', (data) => this.#says(String(data)));
    socket.on('close', () => {
      this.isClosed = true;
      changes.emit('change');
    });
    this.tell({ type: 'your_id', id, ping_interval_ms: 30_000 });
  }

  tell(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#socket.terminate();
  }

  #says(text: string): void {
    const message = messageIn(text);
    if (typeof message === 'string') this.fault ??= message;
    else {
      this.said.push(message);
      if (RELAYED.has(message.type)) this.peer?.tell({ ...message, from_peer: true });
    }
    this.#changes.emit('change');
  }
}

/** The message in a frame, or what is wrong with it. */
function messageIn(text: string): Message | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `no JSON: ${text.slice(0, 80)}`;
  }
  if (!isRecord(value) || typeof value.type !== 'string')
    return `no object with a type: ${text.slice(0, 80)}`;
  if (!Object.hasOwn(clientSchemas, value.type))
    return `a message of the unknown type ${value.type.slice(0, 80)}`;
  const wrong = explain(clientSchemas[value.type as keyof typeof clientSchemas] as Schema, value);
  return wrong ? `${value.type}: ${wrong}` : (value as Message);
}

class Trial {
  readonly #options: ClientTrialOptions;
  readonly #changes = new EventEmitter();
  readonly #server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  readonly #children: ChildProcess[] = [];
  readonly #runs: Run[] = [];

  constructor(options: ClientTrialOptions) {
    this.#options = options;
    this.#server.on('connection', (socket) => {
      this.#runs.push(new Run(`client-${this.#runs.length + 1}`, socket, this.#changes));
      this.#changes.emit('change');
    });
  }

  /** Starts the client twice, and waits until both have connected. */
  async start(): Promise<void> {
    if (!this.#server.address()) await once(this.#server, 'listening');
    const url = `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
    for (let run = 0; run < 2; run += 1) {
      // A group of its own, so that what the shell starts ends with it.
      const child = spawn(this.#options.command.replaceAll('{url}', url), {
        shell: true,
        stdio: 'ignore',
        detached: true,
      });
      child.on('error', () => {});
      this.#children.push(child);
    }
    await this.until(() => this.#runs.length >= 2, 'both were started', 'two connections');
  }

  get both(): readonly [Run, Run] {
    return [this.#runs[0] as Run, this.#runs[1] as Run];
  }

  /** Waits for something that a client does. @throws Deviation when it says what it should not, or goes away */
  async until(fact: () => boolean, when: string, what: string): Promise<void> {
    const signal = AbortSignal.timeout(this.#options.patienceMs);
    for (;;) {
      for (const { fault, isClosed } of this.#runs) {
        if (fault) throw new Deviation(when, 'a message of the protocol', fault);
        if (isClosed) throw new Deviation(when, 'an open connection', 'it was closed by the client');
      }
      if (fact()) return;
      await once(this.#changes, 'change', { signal }).catch(() => {
        throw new Deviation(when, what, `nothing within ${this.#options.patienceMs} ms`);
      });
    }
  }

  /** Tells them that they are paired, and relays what they say until the description of each has reached the other. */
  async negotiate(initiator: Run, responder: Run, epoch: number): Promise<void> {
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
    const has = (run: Run, type: string) => () => run.said.some((message) => message.type === type);
    await this.until(has(initiator, 'offer'), 'it was paired as the initiator', 'an offer');
    if (has(responder, 'offer')())
      throw new Deviation('it was paired as the responder', 'no offer', 'an offer');
    await this.until(has(responder, 'answer'), 'it had an offer', 'an answer');
  }

  /** A message after which they should still be there and listen. */
  async stay(message: object, when: string): Promise<void> {
    for (const run of this.both) {
      run.said = [];
      run.tell(message);
      run.tell({ type: 'ping' });
    }
    await this.until(() => this.both.every(({ said }) => said.length > 0), when, 'an answer to a ping');
  }

  end(): void {
    for (const run of this.#runs) run.close();
    for (const { pid } of this.#children) if (pid !== undefined) killGroup(pid);
    this.#server.close();
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const steps: readonly { readonly name: string; readonly run: (trial: Trial) => Promise<void> }[] = [
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
      for (const run of trial.both) {
        const peerId = run.peer?.id;
        run.peer = undefined;
        run.tell({ type: 'peer_disconnected', peer_id: peerId, reason: 'disconnected' });
      }
      await trial.stay({ type: 'ping' }, 'its peer was gone');
      await trial.negotiate(b, a, 8);
    },
  },
];

/** @param told of each verdict as soon as it is there. A step that fails ends the run: the next ones stand on it. */
export async function judgeClient(
  options: ClientTrialOptions,
  told: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const trial = new Trial(options);
  const verdicts: Verdict[] = [];
  let failed: string | undefined;
  for (const { name, run } of steps) {
    const verdict: Verdict = failed
      ? { name, level: 'seed', result: 'skipped', why: `it stands on: ${failed}` }
      : await verdictOf(name, () => run(trial));
    if (verdict.result === 'fail') failed = name;
    verdicts.push(verdict);
    told(verdict);
  }
  trial.end();
  return verdicts;
}

async function verdictOf(name: string, step: () => Promise<void>): Promise<Verdict> {
  try {
    await step();
    return { name, level: 'seed', result: 'pass' };
  } catch (error) {
    if (!(error instanceof Deviation)) throw error;
    const { when, expected, got } = error;
    return { name, level: 'seed', result: 'fail', when, expected, got };
  }
}
