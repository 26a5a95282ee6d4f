/**
 * Signs webhook requests according to Standard Webhooks 1.0 (https://www.standardwebhooks.com), for which verification
 * libraries exist: HMAC-SHA256 over id, time and body.
 */
import { createHmac } from 'node:crypto';

const MIN_SECRET_BYTES = 24;

/**
 * @param text base64, with or without the prefix `whsec_`
 * @returns undefined if it is invalid or too short
 */
export function webhookSecret(text: string): Buffer | undefined {
  const base64 = text.replace(/^whsec_/, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const secret = Buffer.from(base64, 'base64');
  return secret.length >= MIN_SECRET_BYTES ? secret : undefined;
}

/**
 * @param secret undefined: not signed
 * @param id the same when the same content is sent again
 * @param wallTime milliseconds since 1970
 */
export function webhookHeaders(
  secret: Buffer | undefined,
  id: string,
  wallTime: number,
  body: string,
): Record<string, string> {
  const time = Math.floor(wallTime / 1_000);
  return {
    'content-type': 'application/json',
    'user-agent': 'pairlane',
    'webhook-id': id,
    'webhook-timestamp': String(time),
    ...(secret && {
      'webhook-signature': `v1,${createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64')}`,
    }),
  };
}
