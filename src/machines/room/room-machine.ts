/**
 * A room: a named set of sessions. It knows its members, the order in which they joined, who leads, and whether others
 * may join; its effects report its decisions to the members and to other nodes. Which members are paired is decided
 * separately, by one machine per pair of members (edge), since each has its own timing.
 */
import { assign, setup } from 'xstate';
import type { ErrorCode, MemberLeftReason } from '../../protocol/index.ts';
import { effect, eventOf } from '../host/effect.ts';
import type { PasswordVerdict, RoomContext, RoomEvent, RoomInput } from './room-events.ts';
import { electLeader, withMember, withoutMember } from './room-members.ts';

const effects = {
  admit: effect(),
  confirmJoin: effect(),
  announceJoin: effect(),
  /** Without a reason, the event's is used. */
  announceLeave: effect<{ reason?: MemberLeftReason }>(),
  announceMetadata: effect(),
  announceLock: effect(),
  confirmLock: effect(),
  /** Only if the leader has changed. */
  announceLeader: effect(),
  /** The set of members to be paired may have changed. */
  wireAll: effect(),
  /** Removes the members that joined last if there are more than allowed. */
  evictLatest: effect(),
  refuse: effect<{ code: ErrorCode }>(),
  endMemberships: effect(),
  forgetRoom: effect(),
};
export type RoomEffects = typeof effects;

const refuse = (code: ErrorCode) => ({ type: 'refuse', params: { code } }) as const;
const isPassword = (verdict: PasswordVerdict) => ({ type: 'isPassword', params: { verdict } }) as const;
const left = { type: 'announceLeave', params: { reason: 'left' } } as const;
const lost = { type: 'announceLeave', params: {} } as const;
const admit = ['addMember', 'admit', 'announceJoin', 'announceLeader'] as const;
const takeOver = ['addMember', 'announceJoin', 'announceLeader', 'evictLatest'] as const;
const wrongPassword = [
  { guard: isPassword('guessed_too_often'), actions: refuse('too_many_password_guesses') },
  { guard: isPassword('wrong'), actions: refuse('wrong_password') },
] as const;
/** In a room without members. */
const joinEmpty = [
  { guard: 'willBeLocked', target: 'locked', actions: admit },
  { target: 'open', actions: admit },
] as const;
const takeOverEmpty = [
  { guard: 'willBeLocked', target: 'locked', actions: takeOver },
  { target: 'open', actions: takeOver },
] as const;
const takeOverNext = [
  // The member has left and joined again meanwhile, and its place has changed.
  { guard: 'isMember', actions: ['addMember', 'announceLeader', 'evictLatest'] },
  { actions: takeOver },
] as const;

export const roomMachine = setup({
  types: {
    context: {} as RoomContext,
    events: {} as RoomEvent,
    input: {} as RoomInput,
  },
  actions: {
    ...effects,
    addMember: assign(({ context, event }) => {
      const { id, joinedAt } = eventOf(event, 'JOIN_REQUESTED', 'MEMBER_ADMITTED');
      const members = withMember(context.members, { id, joinedAt });
      return { members, leaderId: electLeader(members, context.leaderRule) };
    }),
    removeMember: assign(({ context, event }) => {
      const { id } = eventOf(event, 'LEAVE_REQUESTED', 'MEMBER_LOST');
      const members = withoutMember(context.members, id);
      return { members, leaderId: electLeader(members, context.leaderRule) };
    }),
    rememberLock: assign(({ event }) => {
      const { isLocked } = eventOf(event, 'LOCK_REQUESTED', 'LOCK_CHANGED');
      return { isLocked };
    }),
    rememberRules: assign(({ context, event }) => {
      const { topology, maxSize, leaderRule } = eventOf(event, 'RULES_CHANGED');
      return { topology, maxSize, leaderRule, leaderId: electLeader(context.members, leaderRule) };
    }),
    forgetMembers: assign({ members: [], leaderId: undefined }),
  },
  guards: {
    isPassword: ({ event }, params: { verdict: PasswordVerdict }) =>
      event.type === 'JOIN_REQUESTED' && event.password === params.verdict,
    isMember: ({ context, event }) => 'id' in event && context.members.some(({ id }) => id === event.id),
    isLastMember: ({ context, event }) =>
      'id' in event && context.members.length === 1 && context.members[0]?.id === event.id,
    isFull: ({ context }) => context.members.length >= context.maxSize,
    isLeader: ({ context, event }) => 'id' in event && event.id === context.leaderId,
    isLeaderWhoLocks: ({ context, event }) =>
      event.type === 'LOCK_REQUESTED' && event.id === context.leaderId && event.isLocked,
    isToBeLocked: ({ event }) => 'isLocked' in event && event.isLocked,
    willBeLocked: ({ context }) => context.isLocked,
  },
  delays: {
    closing: ({ context }) => context.closingMs,
  },
}).createMachine({
  id: 'room',
  description: 'A named set of sessions.',
  context: ({ input }) => ({
    name: input.name,
    topology: input.topology,
    maxSize: input.maxSize,
    leaderRule: input.leaderRule,
    isLocked: input.isLocked,
    closingMs: input.closingMs,
    members: [],
    leaderId: undefined,
  }),
  initial: 'created',
  on: {
    LEAVE_REQUESTED: [
      { guard: 'isLastMember', target: '.closing', actions: ['removeMember', left, 'announceLeader'] },
      { guard: 'isMember', actions: ['removeMember', left, 'announceLeader'] },
      { actions: refuse('not_in_room') },
    ],
    MEMBER_LOST: [
      { guard: 'isLastMember', target: '.closing', actions: ['removeMember', lost, 'announceLeader'] },
      { guard: 'isMember', actions: ['removeMember', lost, 'announceLeader'] },
    ],
    METADATA_REQUESTED: [
      { guard: 'isMember', actions: 'announceMetadata' },
      { actions: refuse('not_in_room') },
    ],
    MEMBER_UPDATED: { guard: 'isMember', actions: 'announceMetadata' },
    // No node could remove it while it was moving.
    MEMBER_ARRIVED: { actions: 'evictLatest' },
    RULES_CHANGED: { actions: ['rememberRules', 'announceLeader', 'wireAll', 'evictLatest'] },
    ENDED: { target: '.closed', actions: ['endMemberships', 'forgetMembers'] },
  },
  states: {
    created: {
      description: 'The room was created for its first member, who is admitted at once.',
      on: {
        JOIN_REQUESTED: joinEmpty,
        MEMBER_ADMITTED: takeOverEmpty,
        LOCK_REQUESTED: { actions: refuse('not_in_room') },
        LOCK_CHANGED: { actions: 'rememberLock' },
      },
    },
    open: {
      description: 'Clients may join if they know its name and, if it has one, its password.',
      on: {
        JOIN_REQUESTED: [
          // A client that does not know whether its first request arrived sends it again.
          { guard: 'isMember', actions: 'confirmJoin' },
          ...wrongPassword,
          { guard: 'isFull', actions: refuse('room_full') },
          { actions: admit },
        ],
        MEMBER_ADMITTED: takeOverNext,
        LOCK_REQUESTED: [
          { guard: 'isLeaderWhoLocks', target: 'locked', actions: ['rememberLock', 'announceLock'] },
          { guard: 'isLeader', actions: 'confirmLock' },
          { guard: 'isMember', actions: refuse('not_leader') },
          { actions: refuse('not_in_room') },
        ],
        LOCK_CHANGED: { guard: 'isToBeLocked', target: 'locked', actions: ['rememberLock', 'announceLock'] },
      },
    },
    locked: {
      description: 'No one may join; its members stay.',
      on: {
        JOIN_REQUESTED: [
          { guard: 'isMember', actions: 'confirmJoin' },
          ...wrongPassword,
          { actions: refuse('room_locked') },
        ],
        // The member is of another node, which had not heard of the lock.
        MEMBER_ADMITTED: takeOverNext,
        LOCK_REQUESTED: [
          { guard: 'isLeaderWhoLocks', actions: 'confirmLock' },
          { guard: 'isLeader', target: 'open', actions: ['rememberLock', 'announceLock'] },
          { guard: 'isMember', actions: refuse('not_leader') },
          { actions: refuse('not_in_room') },
        ],
        LOCK_CHANGED: [
          { guard: 'isToBeLocked' },
          { target: 'open', actions: ['rememberLock', 'announceLock'] },
        ],
      },
    },
    closing: {
      description: 'The last member has left; name and options are kept for a while in case one comes back.',
      on: {
        JOIN_REQUESTED: [
          ...wrongPassword,
          { guard: 'willBeLocked', actions: refuse('room_locked') },
          { target: 'open', actions: admit },
        ],
        MEMBER_ADMITTED: takeOverEmpty,
        LOCK_REQUESTED: { actions: refuse('not_in_room') },
        LOCK_CHANGED: { actions: 'rememberLock' },
      },
      after: { closing: { target: 'closed' } },
    },
    closed: {
      description: 'Its name is free.',
      type: 'final',
      entry: 'forgetRoom',
    },
  },
});
