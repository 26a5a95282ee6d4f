/** A question who a client is, from the asking to the end of its answer, stepped with a clock. */
import { describe, expect, it } from '@jest/globals';
import { authorizationMachine } from '../../../src/machines/index.ts';
import { walkHosted } from '../../support/machines/walk-hosted.ts';

const start = () => walkHosted(authorizationMachine, { timeoutMs: 5_000 });

describe('an authorization', () => {
  it('is asked at once, and an answer for this time only ends it', () => {
    const asked = start();
    expect(asked.effects).toEqual(['ask']);
    asked.send({ type: 'ANSWERED', keepMs: 0 });
    expect([asked.value, asked.effects]).toEqual(['answered', ['deliverVerdict', 'forgetVerdict']]);
  });

  it('whose answer counts for a while is kept so long', () => {
    const asked = start();
    asked.send({ type: 'ANSWERED', keepMs: 60_000 });
    expect([asked.value, asked.effects]).toEqual(['kept', ['deliverVerdict']]);
    asked.advance(59_000);
    expect(asked.value).toBe('kept');
    asked.advance(2_000);
    expect([asked.value, asked.effects]).toEqual(['answered', ['forgetVerdict']]);
  });

  it('that is kept makes room for others', () => {
    const asked = start();
    asked.send({ type: 'ANSWERED', keepMs: 60_000 });
    asked.send({ type: 'EVICTED' });
    expect([asked.value, asked.effects]).toEqual(['answered', ['forgetVerdict']]);
  });

  it('that fails lets nobody in', () => {
    const asked = start();
    asked.send({ type: 'FAILED' });
    expect([asked.value, asked.effects]).toEqual(['failed', ['denyAll', 'forgetVerdict']]);
  });

  it('that has no answer in 5 seconds lets nobody in, and is aborted', () => {
    const asked = start();
    asked.advance(5_500);
    expect([asked.value, asked.effects]).toEqual(['failed', ['abortRequest', 'denyAll', 'forgetVerdict']]);
  });
});
