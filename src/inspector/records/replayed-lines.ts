/** Which lines of a record a replay steps through. */
import {
  machineOfLane,
  type RecordFirst,
  type RecordHeader,
  type RecordLine,
  type RecordStep,
  type ShownMachine,
} from '../../protocol/index.ts';

const NOT_REPLAYED: readonly ShownMachine[] = ['negotiation', 'relay-link'];

/**
 * A client reports its states and events, but not everything that its guards look at; a relay link's guards look into
 * messages that a record does not contain. These machines are not replayed.
 */
export function isReplayed(header: RecordHeader, line: RecordLine): line is RecordFirst | RecordStep {
  return 'of' in line && !NOT_REPLAYED.includes(machineOfLane(header, line.of));
}
