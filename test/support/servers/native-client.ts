/** The native client of a session, for tests of the native wire. */
import { NativeClient } from '../../../src/server/dialects/native/native-client.ts';
import type { ServerSession } from '../../../src/server/signaling/session.ts';

/** @throws if the session's client speaks another wire */
export function nativeClientOf(session: ServerSession | undefined): NativeClient {
  if (session?.client instanceof NativeClient) return session.client;
  throw new Error('no session with a client of our own wire');
}
