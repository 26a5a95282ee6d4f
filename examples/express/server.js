/**
 * An Express app that connects its users: those who are logged in can connect to the signaling server on the app's own
 * port, under the name that the app knows, and the app pairs two users who want to play.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import express from 'express';
import { attach } from 'pairlane/server';

/** Who is logged in. That is up to the app; here a cookie has the name. */
const users = new Map();
const userOf = (cookies = '') => users.get(/(?:^|; )login=([\w-]+)/.exec(cookies)?.[1]);

const web = express();
const http = web.listen(Number(process.argv[2] ?? 8080), '127.0.0.1');
await once(http, 'listening');
const origin = `http://127.0.0.1:${http.address().port}`;

const signaling = await attach(http, {
  path: '/signal',
  logLevel: 'warn',
  authorize({ headers }) {
    const name = userOf(headers.get('cookie'));
    return name === undefined ? false : { sub: name, metadata: { name } };
  },
  onPairing({ type, pairing }) {
    console.log(`${type}: ${pairing.initiatorId} and ${pairing.responderId}`);
  },
});

web.post('/login/:name', ({ params }, response) => {
  const login = randomUUID();
  users.set(login, params.name);
  response.cookie('login', login, { httpOnly: true, sameSite: 'lax' }).json({ signaling: signaling.url });
});

web.get('/online', (_request, response) => {
  response.json(signaling.sessions().map(({ publicId }) => publicId));
});

web.post('/play/:one/:other', ({ params }, response) => {
  const id = (name) => signaling.sessions().find(({ publicId }) => publicId === name)?.id ?? name;
  try {
    response.json(signaling.pair(id(params.one), id(params.other)));
  } catch (error) {
    response.status(409).json({ error: error.message });
  }
});

console.log(`The app is at ${origin}/, signaling at ${signaling.url}`);

process.once('SIGINT', async () => {
  await signaling.stop();
  http.close();
  http.closeAllConnections();
});
