/** Reads a candidate if it looks as browsers and our clients write it; see ../usual-candidate.ts. */
import type { ClientMessageOf } from '../../../protocol/index.ts';
import { candidateIn, MAX_USUAL_CHARS, USUAL_INIT } from '../usual-candidate.ts';

const USUAL = new RegExp(
  `^\\{"type":"candidate","candidate":${USUAL_INIT}(?:,"epoch":(0|[1-9]\\d{0,15}))?\\}$`,
);

/** @returns undefined for anything else */
export function readUsualCandidate(text: string): ClientMessageOf<'candidate'> | undefined {
  if (text.length > MAX_USUAL_CHARS) return undefined;
  const found = USUAL.exec(text);
  if (!found) return undefined;
  const candidate = candidateIn(found);
  const epoch = found[5];
  return epoch === undefined
    ? { type: 'candidate', candidate }
    : { type: 'candidate', candidate, epoch: Number(epoch) };
}
