/** Random clients, checked against the model: what each does, and what everybody hears of it. */
import { type ErrorCode, errorMessages } from '../../protocol/index.ts';
import type { Case, Level, Trial } from './case.ts';
import { Deviation, fits, shown } from './deviation.ts';
import { type Did, type Heard, PairingModel } from './pairing-model.ts';
import type { Message, Wire } from './wire.ts';

const CLIENTS = 4;
/** A server accepts 200 messages from a client at once, and each step asks every client what it heard. */
const STEPS = 60;
const ABSENT_ID = '00000000-0000-4000-8000-000000000002';

const seedDeeds: readonly Did['do'][] = ['ask', 'ask', 'offer', 'answer', 'candidate', 'leave'];
const fullDeeds: readonly Did['do'][] = [...seedDeeds, 'offer', 'answer', 'report', 'unpair'];

function choose(level: Level, random: Trial['random']): Did {
  const deeds = level === 'full' ? fullDeeds : seedDeeds;
  const isOld = level === 'full' && random(8) === 0;
  const deed = deeds[random(deeds.length)] as Did['do'];
  switch (deed) {
    case 'ask':
      return { do: 'ask', target: random(CLIENTS + 1) };
    case 'report':
      return { do: 'report', state: random(3) === 0 ? 'failed' : 'connected', isOld };
    case 'leave':
      // Rarely, since a client that has left does nothing more.
      return random(6) === 0 ? { do: 'leave' } : { do: 'candidate', isOld };
    default:
      return { do: deed, isOld };
  }
}

const signals = {
  offer: { type: 'offer', sdp: 'v=0\r\n' },
  answer: { type: 'answer', sdp: 'v=0\r\na=answer\r\n' },
  candidate: { type: 'candidate', candidate: { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 } },
  signal: { type: 'signal', data: {} },
  unpair: { type: 'unpair' },
};

class Walk {
  readonly #model: PairingModel;
  readonly #wires: readonly Wire[];
  readonly #level: Level;
  readonly #taken: string[] = [];

  constructor(level: Level, wires: readonly Wire[]) {
    this.#level = level;
    this.#wires = wires;
    this.#model = new PairingModel(level, wires.length);
  }

  async step(client: number, did: Did): Promise<void> {
    const wire = this.#wires[client] as Wire;
    if (!this.#model.isHere(client)) return;
    if (this.#level === 'seed' && this.#isBeyondSeed(client, did)) return;
    // Refused for ten seconds, which full-cases.ts tests; a walk may be faster or slower than that.
    if (did.do === 'ask' && this.#model.hasToWait(client, did.target)) return;
    // Only a peer is told of it: without one, nobody could tell when the server has noticed.
    if (did.do === 'leave' && !this.#model.isPaired(client)) return;
    this.#taken.push(`${client}: ${JSON.stringify(did)}`);
    const expected = this.#model.step(client, did);
    if (did.do === 'leave') await wire.close(1000);
    else {
      wire.send(this.#messageOf(did));
      await this.#judge(client, expected.get(client) ?? [], did);
    }
    for (const other of this.#wires.keys())
      if (other !== client && this.#model.isHere(other))
        await this.#judge(other, expected.get(other) ?? [], did);
  }

  /** The original protocol does not define this: a server may relay it or not. */
  #isBeyondSeed(client: number, did: Did): boolean {
    if (did.do === 'ask') return did.target === client;
    return this.#model.outOfOrder(client, did.do) !== undefined;
  }

  #messageOf(did: Exclude<Did, { do: 'leave' }>): object {
    if (did.do === 'ask')
      return { type: 'pair_request', target_id: this.#wires[did.target]?.id ?? ABSENT_ID };
    const message = did.do === 'report' ? { type: 'report', state: did.state } : signals[did.do];
    return did.isOld ? { ...message, epoch: 0 } : message;
  }

  async #judge(client: number, expected: readonly Heard[], did: Did): Promise<void> {
    const steps = this.#taken.slice(-8).join('; ');
    const when = `client ${client}, after ${steps}`;
    const notFound = expected.filter((one) => one.type === 'error' && one.code === 'target_not_found').length;
    const wire = this.#wires[client] as Wire;
    const gone = did.do === 'leave' && expected.length > 0 ? [await wire.next(when)] : [];
    let heard = [...gone, ...(await wire.heard(when, notFound))];
    // A server of the original protocol may answer a dropped message with an error.
    if (this.#level === 'seed' && did.do !== 'ask') heard = heard.filter(({ type }) => type !== 'error');
    const patterns = expected.map((one) => this.#patternOf(one));
    if (!fits(patterns, heard)) throw new Deviation(when, shown(patterns), shown(heard));
  }

  #patternOf(heard: Heard): Partial<Message> {
    const idOf = (peer: number) => this.#wires[peer]?.id;
    switch (heard.type) {
      case 'paired':
        return { type: 'paired', peer_id: idOf(heard.peer), initiator: heard.isInitiator };
      case 'peer_disconnected':
        return this.#level === 'seed'
          ? { type: 'peer_disconnected' }
          : { type: 'peer_disconnected', peer_id: idOf(heard.peer), reason: heard.reason };
      case 'error':
        return this.#level === 'seed'
          ? { type: 'error', message: errorMessages[heard.code as ErrorCode] }
          : { type: 'error', code: heard.code };
      default:
        return { ...signals[heard.type], from_peer: true };
    }
  }
}

/** @param walks how many, each with its own clients */
export function walkCases(walks: number): readonly Case[] {
  return Array.from({ length: walks }, (_, walk) => ({
    name: `random walk ${walk + 1}: ${CLIENTS} clients hear in ${STEPS} steps what the model says`,
    level: 'seed' as const,
    async run({ level, open, random }: Trial) {
      const wires: Wire[] = [];
      for (let client = 0; client < CLIENTS; client += 1) wires.push(await open());
      const run = new Walk(level, wires);
      for (let step = 0; step < STEPS; step += 1) await run.step(random(CLIENTS), choose(level, random));
    },
  }));
}
