/** Tells a client of the game rooms what was wrong with a request, but never what was in it. */
import { type ErrorCode, errorMessages } from '../../../protocol/index.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { RoomSocket } from './socket-server.ts';

/** How a request is answered: by its acknowledgement if it asked for one, or else, for errors only, by an event. */
export type Reply = (answer: object) => void;

export interface Asking {
  readonly socket: RoomSocket;
  /** The client's player, if it is in a game. */
  readonly player: { readonly id: string; readonly game: string } | undefined;
  /** The acknowledgement, if the client asked for one. */
  readonly reply: Reply | undefined;
}

export function refusePlayer(
  { refusals, metrics }: Telemetry,
  { socket, player, reply }: Asking,
  { code, message = errorMessages[code] }: { readonly code: ErrorCode; readonly message?: string },
): void {
  metrics.refused.add(code);
  const id = player?.id ?? socket.id;
  refusals.warn(code, socket.address, `Refused player ${id}: ${errorMessages[code]}`, {
    id,
    code,
    ...(player && { game: player.game }),
  });
  if (reply) reply({ error: message, code });
  else socket.emit('signal_error', { code, message });
}
