/** What a program is told when it asks its server for something impossible. */
import { MAX_METADATA_BYTES } from '../../protocol/index.ts';

const messages = {
  unknown_session: 'No client of that id is at this server. `sessions()` lists those that are.',
  already_paired: 'The two are paired already, or are one.',
  no_free_seat: 'One of the two has as many peers as it may have.',
  other_app: 'The two are of different apps.',
  peer_slow: 'One of the two does not read what it is sent. Try again later.',
  metadata_too_large: `The metadata should be JSON of at most ${MAX_METADATA_BYTES} bytes.`,
  reason_too_long: 'The reason should have at most 123 bytes.',
} as const;

export type ControlErrorCode = keyof typeof messages;

/** The program asked for something impossible. */
export class ControlError extends Error {
  readonly code: ControlErrorCode;
  constructor(code: ControlErrorCode) {
    super(messages[code]);
    this.name = 'ControlError';
    this.code = code;
  }
}
