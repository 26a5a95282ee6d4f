/** An edge of a room, from the wish to the connection and back, stepped with a clock. */
import { describe, expect, it } from '@jest/globals';
import { type EdgeEvent, edgeMachine } from '../../../src/machines/index.ts';
import { walkHosted } from '../../support/machines/walk-hosted.ts';

function startEdge(isAsker = true) {
  const told: string[] = [];
  const edge = walkHosted(edgeMachine, { isAsker });
  const note = () => {
    for (const effect of edge.effects) told.push(effect === 'announceState' ? String(edge.value) : effect);
  };
  note();
  return {
    edge,
    send(...events: EdgeEvent[]) {
      for (const event of events) {
        edge.send(event);
        note();
      }
    },
    advance(ms: number) {
      edge.advance(ms);
      note();
    },
    told: () => told.splice(0),
  };
}

const unpaired: EdgeEvent = { type: 'UNPAIRED', reason: 'unpaired', random: 1 };
const refused: EdgeEvent = { type: 'REFUSED', reason: 'peer_slow', random: 1 };
const paired: EdgeEvent = { type: 'PAIRED' };
const connected: EdgeEvent = { type: 'CONNECTED' };

describe('an edge', () => {
  it('is asked for, paired and connected, and each is told', () => {
    const { send, told } = startEdge();
    expect(told()).toEqual(['askForPairing']);
    send(paired, connected);
    expect(told()).toEqual(['connecting', 'connected']);
    send({ type: 'DISCONNECTED' }, connected);
    expect(told()).toEqual(['connecting', 'connected']);
  });

  it('whose pairing was there already is connected at once', () => {
    const { edge, send } = startEdge();
    send(connected);
    expect(edge.value).toBe('connected');
  });

  it.each([
    ['while it is asked for', [], refused, 'peer_slow'],
    ['while it connects', [paired], unpaired, 'unpaired'],
    ['when it was connected', [paired, connected], unpaired, 'unpaired'],
  ] as const)(
    'that is lost %s is missing with its reason, and asked for again',
    (_when, before, loss, reason) => {
      const { edge, send, advance, told } = startEdge();
      send(...before, loss);
      expect([edge.value, edge.context.reason]).toEqual(['missing', reason]);
      told();
      advance(2_100);
      expect(told()).toEqual(['askForPairing']);
    },
  );

  it('that fails again and again is tried after 2, 3, 5, 9, 17, 31 and then every 31 s, at most', () => {
    const { edge, send } = startEdge();
    const waits: number[] = [];
    for (let times = 0; times < 8; times += 1) {
      send(refused);
      waits.push(edge.context.backoffMs);
    }
    expect(waits).toEqual([2_000, 3_000, 5_000, 9_000, 17_000, 31_000, 31_000, 31_000]);
    send(paired, connected);
    expect([edge.context.attempts, edge.context.reason]).toEqual([0, undefined]);
  });

  it.each([
    [true, 'missing'],
    [false, 'awaited'],
  ] as const)('that gets no answer for 5 s is missing (asked for here: %s)', (isAsker, state) => {
    const { edge, advance, send } = startEdge(isAsker);
    advance(5_100);
    expect([edge.value, edge.context.reason]).toEqual([state, 'unavailable']);
    send(connected);
    expect(edge.value).toBe('connected');
  });

  it('that is refused while the other node asks for it waits for that one', () => {
    const { edge, send } = startEdge(false);
    send(refused);
    expect([edge.value, edge.context.reason]).toEqual(['awaited', 'peer_slow']);
  });

  it('that is paired for 15 s and not connected is named, and goes on', () => {
    const { edge, send, advance, told } = startEdge();
    send(paired);
    told();
    advance(15_100);
    expect([edge.value, edge.context.reason, told()]).toEqual(['slow', 'not_connected', ['slow']]);
    send(connected);
    expect(edge.value).toBe('connected');
  });

  it('that the other node asks for waits for it, and is never asked for here again', () => {
    const { edge, send, advance, told } = startEdge(false);
    send(unpaired);
    told();
    advance(60_000);
    expect([edge.value, told()]).toEqual(['awaited', []]);
    send(connected);
    expect(edge.value).toBe('connected');
    send(unpaired, paired);
    expect(edge.value).toBe('connecting');
  });

  it('that the room no longer wants lets go of its pairing, whatever became of it', () => {
    const slow = 15_100;
    for (const [before, ms, isAsker] of [
      [[], 0, true],
      [[paired], 0, true],
      [[paired], slow, true],
      [[paired, connected], 0, true],
      [[refused], 0, true],
      [[refused], 0, false],
    ] as const) {
      const { edge, send, told, advance } = startEdge(isAsker);
      send(...before);
      advance(ms);
      send({ type: 'DROPPED' });
      expect([edge.isDone, told().at(-1)]).toEqual([true, 'releasePairing']);
    }
  });
});
