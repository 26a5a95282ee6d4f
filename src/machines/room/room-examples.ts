/** Examples of a room's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { roomMachine } from './room-machine.ts';

const members = ['first', 'second', 'third'].map((id, at) => ({ id, joinedAt: 100 + at }));
const ids = members.map(({ id }) => id);
const rules = { topology: 'mesh', leaderRule: 'oldest', maxSize: 2 } as const;
const inputOf = (isLocked: boolean) => ({ name: 'room', isLocked, closingMs: 10_000, ...rules });

export const roomExamples: MachineExamples<typeof roomMachine> = {
  machine: roomMachine,
  inputs: [inputOf(false), inputOf(true)],
  events: {
    JOIN_REQUESTED: [
      ...members.map((member) => ({ type: 'JOIN_REQUESTED', password: 'right', ...member }) as const),
      { type: 'JOIN_REQUESTED', password: 'wrong', id: 'third', joinedAt: 102 },
      { type: 'JOIN_REQUESTED', password: 'guessed_too_often', id: 'third', joinedAt: 102 },
    ],
    LEAVE_REQUESTED: ids.map((id) => ({ type: 'LEAVE_REQUESTED', id })),
    METADATA_REQUESTED: ids.slice(0, 2).map((id) => ({ type: 'METADATA_REQUESTED', id })),
    LOCK_REQUESTED: ids
      .slice(0, 2)
      .flatMap((id) => [true, false].map((isLocked) => ({ type: 'LOCK_REQUESTED', id, isLocked }))),
    MEMBER_ADMITTED: members.map((member) => ({ type: 'MEMBER_ADMITTED', ...member })),
    MEMBER_ARRIVED: [{ type: 'MEMBER_ARRIVED', id: 'second' }],
    MEMBER_LOST: ids.map((id) => ({ type: 'MEMBER_LOST', id, reason: 'timed_out' })),
    MEMBER_UPDATED: ids.slice(0, 2).map((id) => ({ type: 'MEMBER_UPDATED', id })),
    LOCK_CHANGED: [true, false].map((isLocked) => ({ type: 'LOCK_CHANGED', isLocked })),
    RULES_CHANGED: [{ type: 'RULES_CHANGED', topology: 'star', maxSize: 1, leaderRule: 'second' }],
    ENDED: [{ type: 'ENDED' }],
  },
};
