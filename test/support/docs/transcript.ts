/**
 * Plays a transcript of docs/protocol.md against a real server: sends what its clients send, and compares what they
 * receive, in order. Names such as ID-A, and the epoch 7, are placeholders for values that the server chooses; each
 * stands for one value.
 */
import { once } from 'node:events';
import { expect } from '@jest/globals';
import { WebSocket } from 'ws';
import { PATIENCE_MS } from '../wait-timeouts.ts';

const LINE = /^([AB])([<>]) (.*)$/;
const NAMES = /"(ID-\w|SECRET-\d)"/g;
const EPOCH = 7;

class Client {
  readonly socket: WebSocket;
  readonly #heard: string[] = [];

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data) => this.#heard.push(String(data)));
  }

  async hears(): Promise<string> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (this.#heard.length === 0) await once(this.socket, 'message', { signal });
    return this.#heard.shift() as string;
  }

  async says(text: string): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    this.socket.send(text);
  }

  async ends(how: () => void): Promise<void> {
    const closed = once(this.socket, 'close');
    how();
    await closed;
  }
}

export async function playTranscript(transcript: string, url: string): Promise<void> {
  const clients = { A: new Client(`${url}?resume=1`), B: new Client(url) };
  const values = new Map<string, string | number>();
  const filledIn = (line: string) =>
    line
      .replace(NAMES, (name, key) => (values.has(key) ? JSON.stringify(values.get(key)) : name))
      .replace(`"epoch":${EPOCH}`, `"epoch":${values.get('epoch') ?? EPOCH}`);

  for (const line of transcript.split('\n').filter(Boolean)) {
    const [, who, direction, text = ''] = LINE.exec(line) ?? [];
    const client = clients[who as 'A' | 'B'];
    if (direction === '>') await client.says(filledIn(text));
    else if (direction === '<') {
      const heard = await client.hears();
      learn(text, heard, values);
      expect(JSON.parse(heard)).toEqual(JSON.parse(filledIn(text)));
    } else if (line === 'A loses its socket.') await clients.A.ends(() => clients.A.socket.terminate());
    else if (line.startsWith('A comes back')) clients.A = new Client(`${url}?resume=back`);
    else if (line === 'A closes its socket with 1000.')
      await clients.A.ends(() => clients.A.socket.close(1000));
    else throw new Error(`this line is neither a message nor known: ${line}`);
  }
  await clients.B.ends(() => clients.B.socket.close(1000));
}

/** Learns the values of new names in a line from what was received. */
function learn(expected: string, heard: string, values: Map<string, string | number>): void {
  const pattern = new RegExp(
    expected
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(NAMES, '"([^"]+)"')
      .replace(`"epoch":${EPOCH}`, '"epoch":(\\d+)'),
  );
  const names = [...expected.matchAll(/"(ID-\w|SECRET-\d)"|"epoch":7/g)].map(([, name = 'epoch']) => name);
  const found = pattern.exec(heard)?.slice(1) ?? [];
  for (const [i, name] of names.entries()) {
    const value = found[i];
    if (value !== undefined && !values.has(name)) values.set(name, name === 'epoch' ? Number(value) : value);
  }
}
