/** Records and charts, for programs and for tests made from records. */
export type { PairingRecord } from '../protocol/index.ts';
export { chartNames, chartTable } from './charts/chart-table.ts';
export { parseRecord, RecordError } from './records/record.ts';
export { type Outcome, type Parting, type Replay, replay } from './records/replay.ts';
export {
  type InspectWithOptions,
  inspectWith,
  type StatelyAdapter,
} from './stately/inspect-with.ts';
export { type PairlaneInspectOptions, pairlaneInspect } from './stately/pairlane-inspect.ts';
export type { StatelyMessage } from './stately/stately-message.ts';
