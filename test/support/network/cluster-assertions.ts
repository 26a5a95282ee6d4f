/** What clients of nodes send to each other and hear, and where they come back. */
import type { RawClient } from '../clients/raw-client.ts';
import type { ResumableClient } from '../clients/resumable-client.ts';
import type { TestServer } from '../servers/test-server.ts';

/** Sends each text as a candidate for its peer. */
export function says(client: RawClient, ...texts: string[]): void {
  for (const text of texts) client.send({ type: 'candidate', candidate: { candidate: text } });
}

/** The texts that came from its peer. */
export function heard(client: RawClient): string[] {
  return client.inbox
    .filter(({ type }) => type === 'candidate')
    .map(({ candidate }) => (candidate as { candidate: string }).candidate);
}

export function comesTo({ server }: TestServer, client: ResumableClient): Promise<ResumableClient> {
  return client.comeBack(server.url);
}

/** Whether a node has a client's session. */
export function has({ server }: TestServer, { id }: RawClient): boolean {
  return server.parts.sessions.has(id);
}
