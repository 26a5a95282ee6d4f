import { expect, it } from '@jest/globals';
import { hashPassword } from '../../../../src/server/signaling/rooms/room-password.ts';

it("a room's password has a salt of 16 bytes of its own, so equal passwords have different hashes", () => {
  const [one, other] = [hashPassword('sesame'), hashPassword('sesame')];
  for (const { salt } of [one, other]) expect(Buffer.from(salt, 'base64')).toHaveLength(16);
  expect([one.salt === other.salt, one.hash === other.hash]).toEqual([false, false]);
});
