/** The display names of a record's machines. */
import type { Lane, RecordHeader } from '../../protocol/inspect/inspect-messages.ts';

const titles: Readonly<Record<Lane, string>> = {
  peer_initiator: 'Client A itself',
  initiator: 'Session A',
  pairing: 'Pairing',
  responder: 'Session B',
  peer_responder: 'Client B itself',
  remote_initiator: 'Client A elsewhere',
  remote_responder: 'Client B elsewhere',
  link: 'Link',
};

/** From one client through the server to the other. */
export const laneOrder: readonly Lane[] = [
  'peer_initiator',
  'initiator',
  'remote_initiator',
  'pairing',
  'remote_responder',
  'responder',
  'peer_responder',
  'link',
];

export function titleOf({ kind }: Pick<RecordHeader, 'kind'>, lane: Lane): string {
  if (kind === 'session') return 'Session';
  return titles[lane];
}
