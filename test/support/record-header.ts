/** A header for records that tests create. */
import type { RecordHeader } from '../../src/protocol/index.ts';

export const recordHeader: RecordHeader = {
  format: 'pairlane-record',
  version: 1,
  machines: {},
  started_at: 0,
  epoch: 1,
  initiator_id: 'a',
  responder_id: 'b',
};
