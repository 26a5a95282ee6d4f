/** A turnstile: a coin unlocks it for five seconds, or for one push. It names effects; its host carries them out. */
import { effect } from 'pairlane/machines';
import { assign, setup } from 'xstate';

export const turnstileMachine = setup({
  actions: {
    openGate: effect(),
    closeGate: effect(),
    giveBack: effect(),
    count: assign({ visitors: ({ context }) => context.visitors + 1 }),
  },
  guards: { isEnough: ({ event }) => event.cents >= 200 },
  delays: { patience: 5_000 },
}).createMachine({
  id: 'turnstile',
  context: { visitors: 0 },
  initial: 'locked',
  states: {
    locked: {
      description: 'Nobody may pass.',
      on: {
        COIN_INSERTED: [{ guard: 'isEnough', target: 'unlocked' }, { actions: 'giveBack' }],
      },
    },
    unlocked: {
      description: 'One visitor may pass.',
      entry: 'openGate',
      exit: 'closeGate',
      on: { PUSHED: { target: 'locked', actions: 'count' } },
      after: { patience: { target: 'locked' } },
    },
  },
});
