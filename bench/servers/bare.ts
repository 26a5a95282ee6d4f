/**
 * The lower bound: what uWebSockets.js alone costs. No parsing, no checks, no pings. A client's first frame names the
 * client it is paired with; each later frame is passed on unchanged.
 */

import type { WebSocket } from 'uWebSockets.js';
import { randomUUID } from 'node:crypto';
import { loadUws } from '../../src/server/http/shell/uws.ts';
import { beMeasured } from './measured.ts';

interface Client {
  id: string;
  peer: WebSocket<Client> | undefined;
}

const clients = new Map<string, WebSocket<Client>>();

const { App, us_socket_local_port } = loadUws();

App()
  .ws<Client>('/*', {
    maxPayloadLength: 1024 * 1024,
    idleTimeout: 960,
    upgrade(res, req, context) {
      res.upgrade<Client>(
        { id: '', peer: undefined },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open(socket) {
      const data = socket.getUserData();
      data.id = randomUUID();
      clients.set(data.id, socket);
      socket.send(`{"type":"your_id","id":"${data.id}"}`);
    },
    message(socket, bytes) {
      const data = socket.getUserData();
      if (data.peer) {
        data.peer.send(bytes, false);
        return;
      }
      const peer = clients.get(Buffer.from(bytes).toString('latin1'));
      if (!peer) return;
      data.peer = peer;
      peer.getUserData().peer = socket;
      socket.send(`{"type":"paired","peer_id":"${peer.getUserData().id}"}`);
      peer.send(`{"type":"paired","peer_id":"${data.id}"}`);
    },
    close(socket) {
      const { id, peer } = socket.getUserData();
      clients.delete(id);
      if (peer) peer.getUserData().peer = undefined;
    },
  })
  .listen('127.0.0.1', 0, (socket) => beMeasured(us_socket_local_port(socket as never)));
