/**
 * socket.io over WebSocket only, with the same messages as events. Its ping interval is too long to affect the
 * measurement.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { beMeasured } from './measured.ts';

const clients = new Map<string, Socket>();
const http = createServer();
const server = new Server(http, { transports: ['websocket'], pingInterval: 3_600_000, serveClient: false });

server.on('connection', (socket) => {
  clients.set(socket.id, socket);
  socket.emit('your_id', { id: socket.id });
  socket.on('pair_request', ({ target_id }) => {
    const peer = clients.get(target_id);
    if (!peer) return;
    socket.data.peer = peer;
    peer.data.peer = socket;
    socket.emit('paired', { peer_id: peer.id, initiator: true });
    peer.emit('paired', { peer_id: socket.id, initiator: false });
  });
  for (const type of ['offer', 'answer', 'candidate']) {
    socket.on(type, (message) => socket.data.peer?.emit(type, { ...message, from_peer: true }));
  }
  socket.on('disconnect', () => {
    clients.delete(socket.id);
    if (socket.data.peer) socket.data.peer.data.peer = undefined;
  });
});
http.listen(0, '127.0.0.1', () => beMeasured((http.address() as AddressInfo).port));
