/** Serves the chat's page on one port, and starts a signaling server on another, which pages of localhost can use. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { startServer } from 'pairlane/server';

const files = {
  '/': [new URL('index.html', import.meta.url), 'text/html; charset=utf-8'],
  '/chat.js': [new URL('chat.js', import.meta.url), 'text/javascript'],
  '/pairlane.js': [new URL(import.meta.resolve('pairlane/browser')), 'text/javascript'],
};

const signaling = await startServer({ port: 0, logLevel: 'warn' });

const web = createServer(({ url }, response) => {
  const file = files[new URL(url, 'http://localhost').pathname];
  if (!file) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': file[1] }).end(readFileSync(file[0]));
});
web.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  const { port } = web.address();
  console.log(`Open twice: http://127.0.0.1:${port}/?server=${encodeURIComponent(signaling.url)}`);
});

process.once('SIGINT', async () => {
  web.close();
  web.closeAllConnections();
  await signaling.stop();
});
