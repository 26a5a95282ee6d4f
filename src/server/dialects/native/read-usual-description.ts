/** Reads an offer or answer if it looks as browsers and our clients write it; see ../usual-description.ts. */
import { UndecodedDescription } from '../../../common/undecoded-description.ts';
import { usualFrame, usualPartsOf } from '../usual-description.ts';

const TAIL = /^"(?:,"epoch":(0|[1-9]\d{0,15}))?\}$/;
const FRAMES = (['offer', 'answer'] as const).map((type) =>
  usualFrame(type, `{"type":"${type}","sdp":"`, TAIL),
);

/**
 * @param bytes read again when the SDP is asked for
 * @returns undefined for anything else
 */
export function readUsualDescription(bytes: Uint8Array): UndecodedDescription | undefined {
  const parts = usualPartsOf(bytes, FRAMES);
  if (!parts) return undefined;
  const { type, from, end, tail } = parts;
  const epoch = tail[1];
  return new UndecodedDescription(type, bytes, from, end, epoch === undefined ? undefined : Number(epoch));
}
