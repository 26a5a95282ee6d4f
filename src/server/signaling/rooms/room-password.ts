/**
 * A room's password, of which only a salted hash is kept, for as long as the room lives. The hash is fast on purpose: a
 * join must not hold up other clients, and guesses are limited by address, as with pairing keys.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface PasswordHash {
  readonly salt: string;
  readonly hash: string;
}

const SALT_BYTES = 16;

export function hashPassword(
  password: string,
  salt = randomBytes(SALT_BYTES).toString('base64'),
): PasswordHash {
  return { salt, hash: createHmac('sha256', salt).update(password).digest('base64') };
}

/** @param given undefined if the client sent none */
export function isPassword({ salt, hash }: PasswordHash, given: string | undefined): boolean {
  const [one, other] = [Buffer.from(hash), Buffer.from(hashPassword(given ?? '', salt).hash)];
  return given !== undefined && one.length === other.length && timingSafeEqual(one, other);
}
