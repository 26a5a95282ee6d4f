/** Reads an offer or answer if it looks as PeerJS writes it in Chromium; see ../usual-description.ts. */
import type { PeerJsMessage } from '../../../protocol/index.ts';
import { PLAIN } from '../usual-candidate.ts';
import { UsualDescription, type UsualFrame, usualPartsOf } from '../usual-description.ts';

const TEXT = `"(${PLAIN}*)"`;
/** Connections for data have these, too. */
const OF_DATA = `,"label":${TEXT},"reliable":(true|false),"serialization":${TEXT}`;

const FRAMES: readonly UsualFrame[] = (['offer', 'answer'] as const).map((type) => ({
  type,
  head: `{"type":"${type.toUpperCase()}","payload":{"sdp":{"sdp":"`,
  tail: new RegExp(
    `","type":"${type}"\\},"type":${TEXT},"connectionId":${TEXT}(?:${OF_DATA})?\\},"dst":"(${PLAIN}+)"\\}$`,
    'y',
  ),
}));

/**
 * @param text what the bytes say
 * @returns undefined for anything else
 */
export function readUsualDescription(text: string, bytes: ArrayBuffer): PeerJsMessage | undefined {
  const parts = usualPartsOf(text, bytes, FRAMES);
  if (!parts) return undefined;
  const [, type, connectionId, label, reliable, serialization, dst = ''] = parts.tail;
  const sdp = new UsualDescription(parts.type, parts.json);
  const payload =
    label === undefined
      ? { sdp, type, connectionId }
      : { sdp, type, connectionId, label, reliable: reliable === 'true', serialization };
  return { type: parts.type === 'offer' ? 'OFFER' : 'ANSWER', dst, payload };
}
