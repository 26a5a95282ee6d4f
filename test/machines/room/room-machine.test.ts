/** What a room decides, told by hand. */
import { describe, expect, it } from '@jest/globals';
import { type RoomEvent, type RoomInput, roomMachine } from '../../../src/machines/index.ts';
import { walkHosted } from '../../support/machines/walk-hosted.ts';

const options: RoomInput = {
  name: 'room',
  topology: 'mesh',
  leaderRule: 'oldest',
  maxSize: 3,
  isLocked: false,
  closingMs: 10_000,
};
const roomWith = (input: Partial<RoomInput>, ...events: RoomEvent[]) =>
  walkHosted(roomMachine, { ...options, ...input }, ...events);
const room = (...events: RoomEvent[]) => roomWith({}, ...events);
const join = (id: string, joinedAt = 0): RoomEvent => ({
  type: 'JOIN_REQUESTED',
  id,
  joinedAt,
  password: 'right',
});
const joinWith = (password: 'wrong' | 'guessed_too_often'): RoomEvent => ({
  type: 'JOIN_REQUESTED',
  id: 'x',
  joinedAt: 9,
  password,
});
const admitted = (id: string, joinedAt: number): RoomEvent => ({ type: 'MEMBER_ADMITTED', id, joinedAt });
const leave = (id: string): RoomEvent => ({ type: 'LEAVE_REQUESTED', id });
const lose = (id: string): RoomEvent => ({ type: 'MEMBER_LOST', id, reason: 'timed_out' });
const lock = (id: string, isLocked = true): RoomEvent => ({ type: 'LOCK_REQUESTED', id, isLocked });
const lockChanged = (isLocked: boolean): RoomEvent => ({ type: 'LOCK_CHANGED', isLocked });
const refusal = (code: string) => [`refuse: {"code":"${code}"}`];
const idsOf = ({ context }: ReturnType<typeof room>) => context.members.map(({ id }) => id);
const joined = ['admit', 'announceJoin', 'announceLeader'];
const tookOver = ['announceJoin', 'announceLeader', 'evictLatest'];

describe('who may join', () => {
  it('the first one opens the room and leads it, and the next are let in up to its size', () => {
    expect(room(join('a'))).toMatchObject({ value: 'open', effects: joined, context: { leaderId: 'a' } });
    const full = room(join('a', 1), join('b', 2), join('c', 3));
    expect([full.effects, idsOf(full)]).toEqual([joined, ['a', 'b', 'c']]);
    expect(room(join('a', 1), join('b', 2), join('c', 3), join('d', 4)).effects).toEqual(
      refusal('room_full'),
    );
  });

  it('one that is in it already is told the room again, also when it is full or locked', () => {
    expect(roomWith({ maxSize: 1 }, join('a'), join('a')).effects).toEqual(['confirmJoin']);
    expect(room(join('a'), lock('a'), join('a')).effects).toEqual(['confirmJoin']);
  });

  it.each(['open', 'locked', 'closing'] as const)('nobody with a wrong password, when it is %s', (state) => {
    const until = { open: [], locked: [lock('a')], closing: [leave('a')] }[state];
    for (const [password, code] of [
      ['wrong', 'wrong_password'],
      ['guessed_too_often', 'too_many_password_guesses'],
    ] as const) {
      const { value, effects } = room(join('a'), ...until, joinWith(password));
      expect([value, effects]).toEqual([state, refusal(code)]);
    }
  });

  it('nobody while it is locked; a room that was made locked lets in its first member', () => {
    expect(room(join('a'), lock('a'), join('b')).effects).toEqual(refusal('room_locked'));
    const made = roomWith({ isLocked: true }, join('a'));
    expect([made.value, made.effects]).toEqual(['locked', joined]);
    expect(roomWith({ isLocked: true }, join('a'), leave('a'), join('b')).effects).toEqual(
      refusal('room_locked'),
    );
  });

  it('an empty room keeps its name and options for a while, and goes on with whoever comes', () => {
    const empty = room(join('a'), leave('a'));
    expect([empty.value, empty.isDone, empty.context.leaderId]).toEqual(['closing', false, undefined]);
    empty.advance(9_000);
    expect(empty.isDone).toBe(false);
    empty.advance(1_100);
    expect([empty.isDone, empty.effects]).toEqual([true, ['forgetRoom']]);
    const again = room(join('a'), leave('a'), join('b'));
    expect([again.value, again.effects]).toEqual(['open', joined]);
  });
});

describe('who leaves', () => {
  it('is told with the reason, and the next oldest leads', () => {
    const left = room(join('a', 1), join('b', 2), leave('a'));
    expect([left.effects, left.context.leaderId]).toEqual([
      ['announceLeave: {"reason":"left"}', 'announceLeader'],
      'b',
    ]);
    const lost = room(join('a', 1), join('b', 2), lose('b'));
    expect([lost.effects, idsOf(lost)]).toEqual([['announceLeave: {}', 'announceLeader'], ['a']]);
  });

  it('the last one leaves the room closing, however it goes', () => {
    for (const last of [leave('a'), lose('a')]) expect(room(join('a'), last).value).toBe('closing');
  });

  it('is refused when it is no member, and a stranger that is lost is nothing', () => {
    expect(room(join('a'), leave('b')).effects).toEqual(refusal('not_in_room'));
    expect(room(join('a'), lose('b')).effects).toEqual([]);
  });
});

describe('who leads', () => {
  it('the one who is named, while it is there; else nobody', () => {
    const named = { leaderRule: 'host' };
    expect(roomWith(named, join('a', 1)).context.leaderId).toBeUndefined();
    expect(roomWith(named, join('a', 1), join('host', 2)).context.leaderId).toBe('host');
    expect(roomWith(named, join('a', 1), join('host', 2), lose('host')).context.leaderId).toBeUndefined();
  });

  it('locks and unlocks, and no other member or stranger does', () => {
    const two = [join('a', 1), join('b', 2)];
    const locked = room(...two, lock('a'));
    expect([locked.value, locked.effects]).toEqual(['locked', ['announceLock']]);
    expect(room(...two, lock('a'), lock('a')).effects).toEqual(['confirmLock']);
    const unlocked = room(...two, lock('a'), lock('a', false));
    expect([unlocked.value, unlocked.effects]).toEqual(['open', ['announceLock']]);
    expect(room(...two, lock('a', false)).effects).toEqual(['confirmLock']);
    for (const start of [two, [...two, lock('a')]]) {
      expect(room(...start, lock('b')).effects).toEqual(refusal('not_leader'));
      expect(room(...start, lock('x')).effects).toEqual(refusal('not_in_room'));
    }
    expect(room(lock('x')).effects).toEqual(refusal('not_in_room'));
    expect(room(join('a'), leave('a'), lock('a')).effects).toEqual(refusal('not_in_room'));
  });
});

it('only a member has metadata; that of a member elsewhere is told the same way', () => {
  expect(room(join('a'), { type: 'METADATA_REQUESTED', id: 'a' }).effects).toEqual(['announceMetadata']);
  expect(room(join('a'), { type: 'METADATA_REQUESTED', id: 'b' }).effects).toEqual(refusal('not_in_room'));
  expect(room(join('a'), { type: 'MEMBER_UPDATED', id: 'a' }).effects).toEqual(['announceMetadata']);
});

describe('what comes from other nodes', () => {
  it('a member that another node let in is one whatever the size, the lock and the order', () => {
    const early = roomWith({ maxSize: 1 }, join('b', 2), admitted('a', 1));
    expect([early.effects, idsOf(early), early.context.leaderId]).toEqual([tookOver, ['a', 'b'], 'a']);
    const locked = room(join('b', 2), lock('b'), admitted('a', 1));
    expect([locked.value, locked.effects]).toEqual(['locked', tookOver]);
  });

  it('one that is known has the place that it is told, and may be one too many there', () => {
    const known = room(join('a', 1), join('b', 2), admitted('a', 7));
    expect([known.effects, idsOf(known)]).toEqual([
      ['announceLeader', 'evictLatest'],
      ['b', 'a'],
    ]);
    const locked = room(join('a', 1), lock('a'), admitted('a', 1));
    expect(locked.effects).toEqual(['announceLeader', 'evictLatest']);
  });

  it('a member that comes from there may be one too many', () => {
    expect(room(join('a', 1), { type: 'MEMBER_ARRIVED', id: 'a' }).effects).toEqual(['evictLatest']);
  });

  it('a room may begin, or go on, with a member elsewhere', () => {
    expect(room(admitted('a', 1))).toMatchObject({ value: 'open', effects: tookOver });
    expect(roomWith({ isLocked: true }, admitted('a', 1)).value).toBe('locked');
    expect(room(join('b', 2), leave('b'), admitted('a', 1)).value).toBe('open');
    expect(room(join('b', 2), lock('b'), leave('b'), admitted('a', 1)).value).toBe('locked');
  });

  it('a lock of another node holds here, now or once there are members', () => {
    const locked = room(join('a'), lockChanged(true));
    expect([locked.value, locked.effects]).toEqual(['locked', ['announceLock']]);
    expect(room(join('a'), lockChanged(true), lockChanged(true)).effects).toEqual([]);
    const open = room(join('a'), lockChanged(true), lockChanged(false));
    expect([open.value, open.effects]).toEqual(['open', ['announceLock']]);
    expect(room(lockChanged(true), join('a')).value).toBe('locked');
    expect(room(join('a'), leave('a'), lockChanged(true), admitted('b', 1)).value).toBe('locked');
  });

  it('rules of an earlier room of that name take the place of these', () => {
    const { context, effects } = room(join('a', 1), join('b', 2), {
      type: 'RULES_CHANGED',
      topology: 'star',
      maxSize: 1,
      leaderRule: 'b',
    });
    expect([context.topology, context.maxSize, context.leaderId]).toEqual(['star', 1, 'b']);
    expect(effects).toEqual(['announceLeader', 'wireAll', 'evictLatest']);
  });
});

it('a room that is ended lets everybody out, and its name is free', () => {
  const { isDone, effects, context } = room(join('a'), { type: 'ENDED' });
  expect([isDone, effects, context.members]).toEqual([true, ['endMemberships', 'forgetRoom'], []]);
});
