/** Reads a candidate if it looks as PeerJS writes it in browsers; see ../usual-candidate.ts. */
import type { PeerJsMessage } from '../../../protocol/index.ts';
import { candidateIn, MAX_USUAL_CHARS, PLAIN, USUAL_INIT } from '../usual-candidate.ts';

const USUAL = new RegExp(
  `^\\{"type":"CANDIDATE","payload":\\{"candidate":${USUAL_INIT},"type":"(${PLAIN}*)","connectionId":"(${PLAIN}*)"\\}` +
    `,"dst":"(${PLAIN}+)"\\}$`,
);

/** @returns undefined for anything else */
export function readUsualCandidate(text: string): PeerJsMessage | undefined {
  if (text.length > MAX_USUAL_CHARS) return undefined;
  const found = USUAL.exec(text);
  if (!found) return undefined;
  const [, , , , , type, connectionId, dst = ''] = found;
  return { type: 'CANDIDATE', dst, payload: { candidate: candidateIn(found), type, connectionId } };
}
