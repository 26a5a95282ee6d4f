/** What texts of usual kinds look like. */
import { isIP } from 'node:net';
import type { Format } from './option-table.ts';

/** A URL with one of these schemes, each with its colon. */
export function urlFormat(schemes: readonly string[], example: string): Format {
  return { fits: (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol), example };
}

/** RFC 7064. */
export const stunFormat: Format = {
  fits: (text) => /^stuns?:[^\s/]+$/.test(text),
  example: 'stun:HOST:PORT',
};

/** RFC 7065. */
export const turnFormat: Format = {
  fits: (text) => /^turns?:[^\s/]+$/.test(text),
  example: 'turn:HOST:PORT or turns:HOST:PORT?transport=tcp',
};

/** An IP address. */
export const addressFormat: Format = {
  fits: (text) => isIP(text) !== 0,
  example: '127.0.0.1 or ::1',
};

/** The origin of pages; `*` stands for all, and `null` is that of a file. */
export const originFormat: Format = {
  fits: (text) => ['*', 'null'].includes(text) || /^[a-z][a-z\d+.-]*:\/\/[^/\s?#]+\/?$/i.test(text),
  example: 'https://HOST or https://HOST:PORT',
};

/** A host name, or an address as in a URL. */
export const hostFormat: Format = {
  fits: (text) => /^([^\s/:@[\]]+|\[[\da-f:.]+\])$/i.test(text),
  example: 'pair.example.org, without https:// and port',
};
