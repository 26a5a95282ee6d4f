/**
 * What a description offers that the other side has to match: roles, sections, codecs, limits. Of free text only known
 * words are kept, and of numbers only plausible ones.
 */
import type { SdpTerms } from '../protocol/index.ts';

const KINDS = ['audio', 'video', 'application'] as const;
const SETUPS = ['actpass', 'active', 'passive', 'holdconn'] as const;
const ICE_OPTIONS = ['trickle', 'ice2', 'renomination'] as const;
const CODECS = [
  'opus',
  'pcmu',
  'pcma',
  'g722',
  'red',
  'telephone-event',
  'vp8',
  'vp9',
  'av1',
  'h264',
  'h265',
  'rtx',
  'ulpfec',
  'flexfec-03',
] as const;
/** How many sections are recorded; more add nothing new. */
const MAX_SECTIONS = 8;

const codeOf = (character: string) => character.charCodeAt(0);
const [A, M, EQUALS, N] = ['a', 'm', '=', 'n'].map(codeOf);
/** How the names of all attributes begin that are read here or in redact.ts: three letters as one number. */
const ATTRIBUTES = new Set(
  ['can', 'fin', 'gro', 'ice', 'mid', 'max', 'rtp', 'set'].map((begin) => lettersAt(begin, 0)),
);

function lettersAt(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2);
}

/** What is read of a description. */
export interface SdpLines {
  /** Those that say anything worth keeping, some with white space at their ends; others are not even copied. */
  readonly telling: readonly string[];
  /** The length of the whole description in UTF-8. */
  readonly bytes: number;
}

export function linesOf(sdp: string): SdpLines {
  const telling: string[] = [];
  for (let at = 0; at < sdp.length; ) {
    const found = sdp.indexOf('\n', at);
    const end = found < 0 ? sdp.length : found;
    if (isTelling(sdp, at)) telling.push(sdp.slice(at, end));
    at = end + 1;
  }
  return { telling, bytes: bytesOf(sdp) };
}

/**
 * The same of a description that has not been decoded.
 * @param escaped ASCII, with `\r` and `\n` as in JSON, and nothing else escaped
 */
export function linesOfEscaped(escaped: string): SdpLines {
  const telling: string[] = [];
  let begin = 0;
  let escapes = 0;
  const take = (end: number) => {
    if (isTelling(escaped, begin)) {
      // Nearly all lines end like that, and then have no other escapes.
      const line = escaped.slice(begin, escaped.endsWith('\\r', end) ? end - 2 : end);
      telling.push(line.includes('\\') ? line.replaceAll('\\r', '\r') : line);
    }
    begin = end + 2;
  };
  for (let at = escaped.indexOf('\\'); at >= 0; at = escaped.indexOf('\\', at + 2)) {
    escapes += 1;
    if (escaped.charCodeAt(at + 1) === N) take(at);
  }
  take(escaped.length);
  return { telling, bytes: escaped.length - escapes };
}

function isTelling(sdp: string, at: number): boolean {
  const first = sdp.charCodeAt(at);
  if ((first !== M && first !== A) || sdp.charCodeAt(at + 1) !== EQUALS) return false;
  return first === M || ATTRIBUTES.has(lettersAt(sdp, at + 2));
}

const utf8 = new TextEncoder();
/** Overwritten by each description: to allocate one takes longer than to encode it. */
const encoded = new Uint8Array(16 * 1024);

function bytesOf(text: string): number {
  let bytes = 0;
  for (let rest = text; rest !== ''; ) {
    const { read, written } = utf8.encodeInto(rest, encoded);
    bytes += written;
    rest = rest.slice(read);
  }
  return bytes;
}

/** @param lines the telling ones of a description */
export function termsOf(lines: readonly string[]): SdpTerms {
  const sections: string[] = [];
  const mids: string[] = [];
  const bundled: string[] = [];
  const codecs = new Set<string>();
  const iceOptions = new Set<string>();
  let setup: SdpTerms['setup'];
  let maxMessageSize: number | undefined;
  let isLite = false;
  for (const raw of lines) {
    const line = raw.trimEnd();
    const [name, value] = splitAttribute(line);
    if (line.startsWith('m=') && sections.length < MAX_SECTIONS)
      sections.push(known(KINDS, line.slice(2).split(' ', 1)[0]) ?? 'other');
    else if (name === 'mid' && mids.length < MAX_SECTIONS) mids.push(midOf(value));
    else if (name === 'group' && value.startsWith('BUNDLE '))
      bundled.push(
        ...value
          .split(' ')
          .slice(1, 1 + MAX_SECTIONS)
          .map(midOf),
      );
    else if (name === 'setup') setup ??= known(SETUPS, value);
    else if (name === 'ice-lite') isLite = true;
    else if (name === 'ice-options')
      for (const option of value.split(' ')) add(iceOptions, known(ICE_OPTIONS, option));
    else if (name === 'max-message-size') maxMessageSize ??= sizeOf(value);
    else if (name === 'rtpmap') add(codecs, known(CODECS, codecIn(value)));
  }
  return {
    sections,
    mids,
    ...(bundled.length > 0 && { bundled }),
    ...(setup && { setup }),
    ...(codecs.size > 0 && { codecs: [...codecs].sort() }),
    ...(iceOptions.size > 0 && { iceOptions: [...iceOptions].sort() }),
    ...(maxMessageSize !== undefined && { maxMessageSize }),
    ...(isLite && { isLite }),
  };
}

function splitAttribute(line: string): [string, string] {
  if (!line.startsWith('a=')) return ['', ''];
  const at = line.indexOf(':');
  return at < 0 ? [line.slice(2), ''] : [line.slice(2, at), line.slice(at + 1)];
}

/** The forms that engines use: one or two digits, or a kind. Anything else could be free text. */
function midOf(text: string): string {
  return /^(\d{1,2}|audio|video|data|application)$/.test(text) ? text : 'other';
}

function sizeOf(text: string): number | undefined {
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** The name in `111 opus/48000/2`, which is written in any case. */
function codecIn(rtpmap: string): string {
  const from = rtpmap.indexOf(' ') + 1;
  if (from === 0) return '';
  const end = rtpmap.indexOf('/', from);
  return rtpmap.slice(from, end < 0 ? undefined : end).toLowerCase();
}

function known<Word extends string>(words: readonly Word[], word: string | undefined): Word | undefined {
  return words.find((each) => each === word);
}

function add(set: Set<string>, word: string | undefined): void {
  if (word !== undefined) set.add(word);
}
