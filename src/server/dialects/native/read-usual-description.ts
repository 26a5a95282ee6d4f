/** Reads an offer or answer if it looks as browsers and our clients write it; see ../usual-description.ts. */
import { UsualDescription, type UsualFrame, usualPartsOf } from '../usual-description.ts';

const tail = /"(?:,"epoch":(0|[1-9]\d{0,15}))?\}$/y;
const FRAMES: readonly UsualFrame[] = (['offer', 'answer'] as const).map((type) => ({
  type,
  head: `{"type":"${type}","sdp":"`,
  tail,
}));

/**
 * @param text what the bytes say
 * @returns undefined for anything else
 */
export function readUsualDescription(text: string, bytes: Uint8Array): UsualDescription | undefined {
  const parts = usualPartsOf(text, bytes, FRAMES);
  if (!parts) return undefined;
  const epoch = parts.tail[1];
  return new UsualDescription(parts.type, parts.json, epoch === undefined ? undefined : Number(epoch));
}
