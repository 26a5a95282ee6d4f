/** Tells a client of the game rooms what was wrong with a request, never what was in it. */
import { type ErrorCode, errorMessages } from '../../../protocol/index.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Player, Reply } from './room.ts';

/** @param reply its acknowledgement, if it asked for one */
export function refusePlayer(
  { refusals, metrics }: Telemetry,
  player: Player,
  reply: Reply | undefined,
  { code, message = errorMessages[code] }: { code: ErrorCode; message?: string },
): void {
  metrics.refused.add(code);
  const game = player.room?.id;
  refusals.warn(code, player.socket.address, `Refused player ${player.id}: ${errorMessages[code]}`, {
    id: player.id,
    code,
    ...(game !== undefined && { game }),
  });
  if (reply) reply({ error: message, code });
  else player.socket.emit('signal_error', { code, message });
}
