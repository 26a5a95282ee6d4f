/** Verifies a request's signature according to Standard Webhooks, not with the code that signs. */
import { createHmac } from 'node:crypto';
import type { WebhookRequest } from './webhook-server.ts';

/** @param secret as an operator configures it */
export function verifiedWebhook({ headers, text }: WebhookRequest, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = [headers['webhook-id'], headers['webhook-timestamp'], text].join('.');
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
