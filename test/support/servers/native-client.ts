/** What a session's client has beside the session, for tests of our own wire. */
import { NativeClient } from '../../../src/server/dialects/native/native-client.ts';
import type { ServerSession } from '../../../src/server/signaling/session.ts';

/** @throws for a session whose client speaks another wire */
export function nativeClientOf(session: ServerSession | undefined): NativeClient {
  if (session?.client instanceof NativeClient) return session.client;
  throw new Error('no session with a client of our own wire');
}
