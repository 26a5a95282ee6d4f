/** The secrets that clients come back with: nobody learns the server's own from them cheaply. */
import { createHmac, scryptSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ResumeSecrets, ResumeToken } from '../../../../src/server/dialects/native/resume-secrets.ts';

describe('the secrets to come back with', () => {
  it("are made with a key that scrypt derives from the server's secret, with N = 16,384, r = 8, p = 1", () => {
    const issued = new ResumeSecrets('hunter2', 1).issue('client', 0);
    const end = issued.lastIndexOf('.');
    const key = scryptSync('hunter2', 'pairlane resume', 32, { N: 16_384, r: 8, p: 1 });
    const signature = createHmac('sha256', key)
      .update(`client.${issued.slice(0, end)}`)
      .digest('base64url');
    expect(issued.slice(end + 1)).toBe(signature);
  });

  it('are known to whoever has the same secret, and have the same fingerprint, and no other', () => {
    const [one, two, other] = [['a', 1] as const, ['a', 2] as const, ['b', 1] as const].map(
      ([secret, node]) => new ResumeSecrets(secret, node),
    ) as [ResumeSecrets, ResumeSecrets, ResumeSecrets];
    expect(two.issuerOf('client', one.issue('client', 3))).toBe(1);
    expect(two.issuerOf('client', new ResumeSecrets('a', 12).issue('client', 3))).toBe(12);
    expect(other.issuerOf('client', one.issue('client', 3))).toBeUndefined();
    expect(two.fingerprint).toBe(one.fingerprint);
    expect(two.fingerprint).toHaveLength(12);
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });
});

describe('the secrets of one session', () => {
  it('are the one that was used last and the three newest; once the newest was heard, that alone', () => {
    const token = new ResumeToken('0');
    for (const [used, next] of [
      ['0', '1'],
      ['0', '2'],
      ['0', '3'],
      ['0', '4'],
    ] as const)
      token.rotate(used, next);
    expect(token.outstanding).toEqual(['0', '2', '3', '4']);
    expect(['0', '1', '2', '3', '4', '', '00'].filter((one) => token.accepts(one))).toEqual([
      '0',
      '2',
      '3',
      '4',
    ]);
    token.rotate('3', '5');
    expect(token.outstanding).toEqual(['3', '2', '4', '5']);
    expect(token.value).toBe('5');
    token.confirm();
    expect(token.outstanding).toEqual(['5']);
  });

  it('that another process issued are told from those of this one, and say how often their client had come back', () => {
    const [own, earlier] = [new ResumeSecrets('a', 1), new ResumeSecrets('a', 1)];
    const secret = earlier.issue('client', 3);
    expect(own.foreignGeneration('client', secret)).toBe(3);
    expect(earlier.foreignGeneration('client', secret)).toBeUndefined();
    const wrong = ['', '.', 'x', `${secret}x`, secret.slice(0, -1), `x${secret}`];
    for (const one of wrong) expect(own.foreignGeneration('client', one)).toBeUndefined();
    expect(own.foreignGeneration('another', secret)).toBeUndefined();
  });
});
