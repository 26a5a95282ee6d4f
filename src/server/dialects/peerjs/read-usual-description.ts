/** Reads an offer or answer if it looks as PeerJS writes it in Chromium; see ../usual-description.ts. */
import { UndecodedDescription } from '../../../common/undecoded-description.ts';
import type { PeerJsMessage } from '../../../protocol/index.ts';
import { PLAIN } from '../usual-candidate.ts';
import { usualFrame, usualPartsOf } from '../usual-description.ts';

const TEXT = `"(${PLAIN}*)"`;
/** Connections for data have these, too. */
const OF_DATA = `,"label":${TEXT},"reliable":(true|false),"serialization":${TEXT}`;

const FRAMES = (['offer', 'answer'] as const).map((type) =>
  usualFrame(
    type,
    `{"type":"${type.toUpperCase()}","payload":{"sdp":{"sdp":"`,
    new RegExp(
      `^","type":"${type}"\\},"type":${TEXT},"connectionId":${TEXT}(?:${OF_DATA})?\\},"dst":"(${PLAIN}+)"\\}$`,
    ),
  ),
);

/**
 * @param bytes read again when the SDP is asked for
 * @returns undefined for anything else
 */
export function readUsualDescription(bytes: Uint8Array): PeerJsMessage | undefined {
  const parts = usualPartsOf(bytes, FRAMES);
  if (!parts) return undefined;
  const [, type, connectionId, label, reliable, serialization, dst = ''] = parts.tail;
  const sdp = new UndecodedDescription(parts.type, bytes, parts.from, parts.end);
  const payload =
    label === undefined
      ? { sdp, type, connectionId }
      : { sdp, type, connectionId, label, reliable: reliable === 'true', serialization };
  return { type: parts.type === 'offer' ? 'OFFER' : 'ANSWER', dst, payload };
}
