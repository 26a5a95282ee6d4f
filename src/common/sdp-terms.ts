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
const [A, M, EQUALS] = ['a', 'm', '='].map(codeOf);
/** How the names of all attributes begin that are read here or in redact.ts. */
const ATTRIBUTES = new Set([...'cfgimrs'].map(codeOf));

/** The lines of a description that say anything worth keeping; others are not even copied. */
export function tellingLinesOf(sdp: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < sdp.length; ) {
    const found = sdp.indexOf('\n', at);
    const end = found < 0 ? sdp.length : found;
    const first = sdp.charCodeAt(at);
    const isTelling = first === M || (first === A && ATTRIBUTES.has(sdp.charCodeAt(at + 2)));
    if (isTelling && sdp.charCodeAt(at + 1) === EQUALS) lines.push(sdp.slice(at, end));
    at = end + 1;
  }
  return lines;
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
    else if (name === 'rtpmap') add(codecs, known(CODECS, value.split(' ')[1]?.split('/')[0]?.toLowerCase()));
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

function known<Word extends string>(words: readonly Word[], word: string | undefined): Word | undefined {
  return words.find((each) => each === word);
}

function add(set: Set<string>, word: string | undefined): void {
  if (word !== undefined) set.add(word);
}
