/** Checks options from plain JavaScript: unknown names and invalid values are refused. */
import { nearestName } from '../../common/nearest-name.ts';
import { MAX_PEERS_PER_CLIENT } from '../../protocol/index.ts';
import { PairlaneError } from './errors.ts';

/** @returns what the value should be; undefined if it is valid */
export type Check = (value: unknown) => string | undefined;
export type Checks = { readonly [name: string]: Check };

/** setTimeout's longest delay, 24.8 days. */
const MAX_DELAY_MS = 2_147_483_647;
/** An unsigned short, as in W3C WebRTC 6.2. */
const MAX_CHANNEL_LIMIT = 65_535;

const ofType =
  (type: 'string' | 'boolean' | 'function', what: string): Check =>
  (value) =>
    typeof value === type ? undefined : what;

/** What is checked elsewhere. */
export const anything: Check = () => undefined;

export const isBoolean = ofType('boolean', 'true or false');
export const isText = ofType('string', 'a text');
export const isFunction = ofType('function', 'a function');

export const wholeNumber =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `a whole number from ${min} to ${max}`;

const number =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max ? undefined : `a number from ${min} to ${max}`;

const listOf =
  (check: Check, what: string): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => check(item) === undefined) ? undefined : what;

export const withMethods =
  (...names: string[]): Check =>
  (value) =>
    names.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function')
      ? undefined
      : `an object with ${names.join(', ')}`;

export const isAbortSignal = withMethods('addEventListener', 'removeEventListener');

const delay = number(0, MAX_DELAY_MS);

/** W3C WebRTC 4.2.4: the schemes of an ICE server's URL. */
const iceUrl: Check = (value) =>
  typeof value === 'string' && /^(stuns?|turns?):[^\s]+$/.test(value) ? undefined : 'a stun: or turn: URL';

const iceServer: Check = (value) => {
  const { urls, username, credential } = (value ?? {}) as { [field: string]: unknown };
  const areUrls = (Array.isArray(urls) ? urls : [urls]).every((url) => iceUrl(url) === undefined);
  const areTexts = [username, credential].every((text) => text === undefined || typeof text === 'string');
  return areUrls && areTexts ? undefined : 'an ICE server';
};

const channelFields: Checks = {
  label: isText,
  ordered: isBoolean,
  maxRetransmits: wholeNumber(0, MAX_CHANNEL_LIMIT),
  maxPacketLifeTime: wholeNumber(0, MAX_CHANNEL_LIMIT),
};

const timeoutFields: Checks = {
  signalingMs: delay,
  offerMs: delay,
  answerMs: delay,
  acceptMs: delay,
  checkingMs: delay,
  silenceMs: delay,
};

const optionFields: Checks = {
  url: isText,
  iceServers: listOf(iceServer, 'a list of { urls, username?, credential? } with stun: or turn: URLs'),
  iceTransportPolicy: (value) => (value === 'all' || value === 'relay' ? undefined : '`all` or `relay`'),
  iceAdditionalHostAddresses: listOf(ofType('string', 'an address'), 'a list of addresses'),
  channel: anything,
  channels: listOf(
    (value) => (isObject(value) ? undefined : 'a channel'),
    'a list of { label, ordered?, maxRetransmits?, maxPacketLifeTime? }',
  ),
  token: (value) =>
    typeof value === 'function' || (typeof value === 'string' && /^[\w.-]+$/.test(value))
      ? undefined
      : 'a token without spaces, such as a JWT, or a function that gets one',
  peers: wholeNumber(1, MAX_PEERS_PER_CLIENT),
  accept: isFunction,
  timeouts: anything,
  reconnect: anything,
  maxRestarts: wholeNumber(0, 1_000),
  clock: withMethods('now', 'wallTime', 'every'),
  observer: isFunction,
  inspect: isBoolean,
  logger: withMethods('debug', 'warn'),
  signal: isAbortSignal,
};

/**
 * Checks an object of options.
 * @param where its name; `options` for the outermost object, which is not named in errors
 * @throws {PairlaneError} `invalid_option`: which one, what it should be, and the name that was probably meant
 */
export function checkFields(where: string, value: unknown, checks: Checks): void {
  if (value === undefined) return;
  if (!isObject(value)) throw wrong(where, 'should be an object');
  for (const [name, field] of Object.entries(value)) {
    const path = where === 'options' ? name : `${where}.${name}`;
    const checkField = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!checkField) {
      const meant = nearestName(name, Object.keys(checks));
      throw wrong(path, `no such option${meant === undefined ? '' : `; did you mean \`${meant}\`?`}`);
    }
    const should = field === undefined ? undefined : checkField(field);
    if (should !== undefined) throw wrong(path, `should be ${should}`);
  }
}

/**
 * Checks the options of `createPeer` as strictly as the command line.
 * @throws {PairlaneError} `invalid_option`: which one, what it should be, and the name that was probably meant
 */
export function checkOptions(options: object): void {
  checkFields('options', options, optionFields);
  const {
    channel,
    channels = [],
    timeouts,
    reconnect,
  } = options as {
    readonly channel?: unknown;
    readonly channels?: readonly unknown[];
    readonly timeouts?: unknown;
    readonly reconnect?: unknown;
  };
  checkFields('channel', channel, channelFields);
  channels.forEach((one, i) => {
    checkFields(`channels[${i}]`, one, channelFields);
    if (typeof (one as { label?: unknown }).label !== 'string')
      throw wrong(`channels[${i}].label`, 'is missing');
  });
  checkFields('timeouts', timeouts, timeoutFields);
  if (reconnect !== false) checkFields('reconnect', reconnect, { baseMs: delay, capMs: delay });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(path: string, why: string): PairlaneError {
  return new PairlaneError('invalid_option', `\`${path}\`: ${why}`);
}
