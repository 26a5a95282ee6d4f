/** The secrets that clients come back with: nobody learns the server's own from them cheaply. */
import { createHmac, scryptSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ResumeSecrets } from '../../../../src/server/dialects/native/resume-secrets.ts';

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
    expect(other.issuerOf('client', one.issue('client', 3))).toBeUndefined();
    expect(two.fingerprint).toBe(one.fingerprint);
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });
});
