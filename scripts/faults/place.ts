/** A home and its process: creates and controls peers in its network. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { PeerOptions } from '../../src/client/index.ts';
import type { PlaceRequest } from './place-process.ts';

const SCRIPT = new URL('./place-process.ts', import.meta.url).pathname;

/** A peer in any of the places. */
export interface Actor {
  readonly id: string;
  pair(target: { readonly id: string }): Promise<unknown>;
  opened(): Promise<unknown>;
  send(text: string): Promise<unknown>;
}

type Answer = { readonly seq: number; readonly result?: string; readonly error?: string };
type Unnumbered<Request> = Request extends unknown ? Omit<Request, 'seq'> : never;

export class Place {
  readonly #prefix: readonly string[];
  #child: ChildProcess | undefined;
  #seq = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  /** @param prefix runs a command at the home */
  constructor(prefix: readonly string[]) {
    this.#prefix = prefix;
  }

  async create(options: PeerOptions): Promise<Actor> {
    return this.#actor(String(await this.#ask({ do: 'create', options })));
  }

  /**
   * Creates a peer in a page of a browser.
   * @param url of the server, by HTTP
   */
  async browse(url: string, options: PeerOptions): Promise<Actor> {
    return this.#actor(String(await this.#ask({ do: 'browse', url, options })));
  }

  async closeAll(): Promise<void> {
    if (this.#child) await this.#ask({ do: 'closeAll' });
  }

  /** Like a power failure: nobody is told anything. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#waiting.clear();
    if (!child) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  #actor(id: string): Actor {
    return {
      id,
      pair: (target) => this.#ask({ do: 'pair', peer: id, target: target.id }),
      opened: () => this.#ask({ do: 'opened', peer: id }),
      send: (text) => this.#ask({ do: 'send', peer: id, text }),
    };
  }

  async #ask(request: Unnumbered<PlaceRequest>): Promise<string | undefined> {
    this.#seq += 1;
    const seq = this.#seq;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(seq, resolve));
    this.#process().stdin?.write(`${JSON.stringify({ seq, ...request })}\n`);
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return result;
  }

  #process(): ChildProcess {
    if (this.#child) return this.#child;
    const [command, ...args] = [...this.#prefix, process.execPath, ...process.execArgv, SCRIPT];
    const child = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    // Writing to a killed process fails, which does not matter.
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer: Answer = JSON.parse(line);
      this.#waiting.get(answer.seq)?.(answer);
      this.#waiting.delete(answer.seq);
    });
    this.#child = child;
    return child;
  }
}
