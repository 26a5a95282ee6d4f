/** What most people write: `ws`, JSON.parse, a Map of clients, JSON.stringify. No limits, no checks, no pings. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { beMeasured } from './measured.ts';

interface Client {
  readonly id: string;
  readonly socket: WebSocket;
  peer: Client | undefined;
}

const clients = new Map<string, Client>();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('connection', (socket) => {
  const client: Client = { id: randomUUID(), socket, peer: undefined };
  clients.set(client.id, client);
  socket.send(JSON.stringify({ type: 'your_id', id: client.id }));
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === 'pair_request') pair(client, clients.get(message.target_id));
    else client.peer?.socket.send(JSON.stringify({ ...message, from_peer: true }));
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    clients.delete(client.id);
    if (client.peer) client.peer.peer = undefined;
  });
});
server.on('listening', () => beMeasured((server.address() as AddressInfo).port));

function pair(asker: Client, target: Client | undefined): void {
  if (!target) return;
  asker.peer = target;
  target.peer = asker;
  asker.socket.send(JSON.stringify({ type: 'paired', peer_id: target.id, initiator: true }));
  target.socket.send(JSON.stringify({ type: 'paired', peer_id: asker.id, initiator: false }));
}
