/** A man in the middle between a client and the server that modifies the client's messages. */
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { Stage } from './stage.ts';

/** @returns the URL for the client whose messages are modified */
export async function changedOnItsWay(stage: Stage, change: (text: string) => string): Promise<string> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (near, request) => {
    const far = new WebSocket(new URL(request.url ?? '/', stage.url));
    const waiting: string[] = [];
    near.on('message', (data) => {
      const text = change(String(data));
      if (far.readyState === WebSocket.OPEN) far.send(text);
      else waiting.push(text);
    });
    far.on('open', () => {
      for (const text of waiting.splice(0)) far.send(text);
    });
    far.on('message', (data) => near.send(String(data)));
    near.on('close', () => far.close());
    far.on('close', () => near.close());
    far.on('error', () => near.close());
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  stage.onEnd(() => {
    for (const socket of sockets.clients) socket.terminate();
    http.close();
  });
  const { port } = http.address() as { port: number };
  return `ws://127.0.0.1:${port}/`;
}
