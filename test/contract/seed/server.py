#!/usr/bin/python3
"""A signaling server of the first protocol and nothing more, written from its description: server.py [--port N] [--mutant NAME]

It prints the port that it listens on. A mutant breaks one promise, so that the kit can be seen to notice.
"""
import argparse
import asyncio
import json
import uuid

import websockets

PING_INTERVAL_S = 0.5
PING_TIMEOUT_S = 0.5
RELAYED = ("offer", "answer", "candidate")


class Client:
    def __init__(self, socket):
        self.socket = socket
        self.id = str(uuid.uuid4())
        self.peer = None
        self.heard = asyncio.Event()

    async def send(self, **message):
        try:
            await self.socket.send(json.dumps(message))
        except websockets.ConnectionClosed:
            pass


class Server:
    def __init__(self, mutant):
        self.clients = {}
        self.mutant = mutant

    async def serve(self, socket, _path=None):
        client = Client(socket)
        self.clients[client.id] = client
        await client.send(type="your_id", id="same" if self.mutant == "one-id" else client.id)
        watch = asyncio.ensure_future(self.watch(client))
        try:
            async for text in socket:
                client.heard.set()
                await self.receive(client, text)
        except websockets.ConnectionClosed:
            pass
        finally:
            watch.cancel()
            await self.leave(client)

    async def watch(self, client):
        """Pings a client that is silent, and closes one that does not answer."""
        while True:
            if await self.is_silent(client, PING_INTERVAL_S):
                if self.mutant != "no-ping":
                    await client.send(type="ping")
                if await self.is_silent(client, PING_TIMEOUT_S):
                    await client.socket.close()
                    return

    async def is_silent(self, client, seconds):
        client.heard.clear()
        try:
            await asyncio.wait_for(client.heard.wait(), seconds)
            return False
        except asyncio.TimeoutError:
            return True

    async def receive(self, client, text):
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            if self.mutant == "bad-input-closes":
                await client.socket.close()
            return await client.send(type="error", message="Invalid message")
        if kind == "pair_request":
            await self.pair(client, message.get("target_id"))
        elif kind in RELAYED:
            await self.relay(client, message)

    async def pair(self, client, target_id):
        target = self.clients.get(target_id)
        checks = [(target is None, "Target client not found"), (client.peer, "You are already paired")]
        if self.mutant == "order-of-checks":
            checks.reverse()
        checks.append((target and target.peer, "Target client is already paired"))
        for is_refused, text in checks:
            if is_refused:
                return await client.send(type="error", message=text)
        client.peer, target.peer = target, client
        asks = self.mutant != "initiator"
        await client.send(type="paired", peer_id=target.id, initiator=asks)
        await target.send(type="paired", peer_id=client.id, initiator=not asks)

    async def relay(self, client, message):
        if client.peer is None:
            return
        if self.mutant == "forged-from-peer":
            message = {"from_peer": True, **message}
        else:
            message = {**message, "from_peer": True}
        if self.mutant == "drops-fields":
            message.pop("extra", None)
        await client.peer.send(**message)
        if self.mutant == "echo":
            await client.send(**message)

    async def leave(self, client):
        del self.clients[client.id]
        peer, client.peer = client.peer, None
        if peer:
            if self.mutant != "stays-paired":
                peer.peer = None
            if self.mutant != "silent-leave":
                await peer.send(type="peer_disconnected")


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mutant", default="")
    options = parser.parse_args()
    server = Server(options.mutant)
    async with websockets.serve(server.serve, "127.0.0.1", options.port, ping_interval=None) as listener:
        print(listener.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
