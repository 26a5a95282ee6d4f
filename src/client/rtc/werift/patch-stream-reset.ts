/**
 * A channel is closed by a reset of its stream, which may overtake lost data that is being resent. werift closes the
 * channel at once, and drops that data. RFC 6525 section 5.2.2 requires the receiver to wait for the data (E2), and to
 * answer a repeated request without carrying it out again (E1): by then its stream may belong to another channel.
 */
import { isAfter } from './serial-number.ts';

/** RFC 6525 sections 4.1 and 4.4. */
const OUTGOING_RESET_REQUEST = 13;
const RESPONSE = 16;
const SUCCESS_PERFORMED = 1;
const IN_PROGRESS = 6;

interface ReconfigParam {
  readonly type: number;
}

interface ResetRequest extends ReconfigParam {
  readonly requestSequence: number;
  /** The last number that the sender has assigned to data. */
  readonly lastTsn: number;
}

/** What this file uses of werift's SCTP association beyond its typings. */
export interface Resettable {
  /** All data up to this number has arrived. */
  readonly lastReceivedTsn: number;
  /** The last request that was carried out. */
  readonly reconfigResponseSeq: number;
  handleData(packet: Buffer): Promise<void>;
  receiveReconfigParam(param: ReconfigParam): Promise<void>;
  sendReconfigParam(param: ReconfigParam & { readonly bytes: Buffer }): Promise<void>;
}

/** Makes a reset wait for the data that was sent before it. */
export function patchStreamReset(sctp: Resettable): void {
  const receive = sctp.receiveReconfigParam.bind(sctp);
  const handleData = sctp.handleData.bind(sctp);
  // A sender has one request pending at a time (section 5.1.1), so a newer one replaces the one that waits.
  let deferred: ResetRequest | undefined;
  sctp.receiveReconfigParam = async (param) => {
    if (!isResetRequest(param)) return receive(param);
    if (param.requestSequence === sctp.reconfigResponseSeq) return respond(sctp, param, SUCCESS_PERFORMED);
    if (!isAfter(param.lastTsn, sctp.lastReceivedTsn)) return receive(param);
    deferred = param;
    return respond(sctp, param, IN_PROGRESS);
  };
  sctp.handleData = async (packet) => {
    await handleData(packet);
    if (!deferred || isAfter(deferred.lastTsn, sctp.lastReceivedTsn)) return;
    const request = deferred;
    deferred = undefined;
    await receive(request);
  };
}

function isResetRequest(param: ReconfigParam): param is ResetRequest {
  return param.type === OUTGOING_RESET_REQUEST;
}

function respond(sctp: Resettable, { requestSequence }: ResetRequest, result: number): Promise<void> {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(requestSequence, 0);
  bytes.writeUInt32BE(result, 4);
  return sctp.sendReconfigParam({ type: RESPONSE, bytes });
}
