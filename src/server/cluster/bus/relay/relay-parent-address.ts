/** Parses `--relay-connect`. */
import { type Address, parseAddress } from '../../../../common/address.ts';
import { BusError } from '../bus-errors.ts';

/** @throws {BusError} if the text is not an address */
export function parseRelayParent(text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (!address) throw new BusError('--relay-connect: should be HOST:PORT, like 127.0.0.1:9000 or [::1]:9000');
  return address;
}
