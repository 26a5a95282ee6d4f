/** A Fastify app with a signaling server next to it: a client with a ticket of the app can connect, once. */
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { startServer } from 'pairlane/server';

const TICKET_MS = 60_000;
/** Tickets that nobody has used yet: whose they are, and until when they are valid. */
const tickets = new Map();

const web = fastify();
const closing = new AbortController();

const signaling = await startServer({
  port: 0,
  logLevel: 'warn',
  signal: closing.signal,
  authorize({ wants, token }) {
    // A client without a ticket can still bring one, as its first message.
    if (token === undefined) return 'token_required';
    const ticket = tickets.get(token);
    // A client that comes back brings the same ticket again.
    if (!ticket || (wants === 'connect' && (ticket.isUsed || Date.now() > ticket.until))) return false;
    ticket.isUsed = true;
    return { sub: ticket.name, app: 'tickets' };
  },
  onSession({ type, session }) {
    console.log(`${type}: ${session.publicId}`);
    if (type === 'ended')
      for (const [token, { name }] of tickets) if (name === session.publicId) tickets.delete(token);
  },
});

web.post('/tickets/:name', async ({ params }) => {
  const token = randomUUID();
  tickets.set(token, { name: params.name, until: Date.now() + TICKET_MS, isUsed: false });
  return { token, signaling: signaling.url };
});

web.delete('/sessions/:name', async ({ params }, reply) => {
  const isEnded = signaling.end(`tickets/${params.name}`, 'Ended by the app');
  return reply.code(isEnded ? 204 : 404).send();
});

const address = await web.listen({ port: Number(process.argv[2] ?? 8080), host: '127.0.0.1' });
console.log(`The app is at ${address}/, signaling at ${signaling.url}`);

process.once('SIGINT', async () => {
  await web.close();
  closing.abort();
});
