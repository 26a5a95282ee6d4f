#!/usr/bin/python3
"""A peer of the first protocol on aiortc, written from its description: client.py URL [TARGET_ID]

It prints its id, with whom it is paired and as what, errors, that the channel is open, and `< Peer: TEXT`. Each line of
its input goes to the peer. Told that its peer is gone, it makes a new connection, and can be paired again.
"""
import asyncio
import json
import sys

import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp


class Peer:
    def __init__(self, socket):
        self.socket = socket
        self.channel = None
        self.connection = self.new_connection()

    def new_connection(self):
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.on("datachannel", self.use)
        return connection

    async def send(self, **message):
        await self.socket.send(json.dumps(message))

    def use(self, channel):
        self.channel = channel
        channel.on("message", lambda text: print(f"< Peer: {text}", flush=True))
        if channel.readyState == "open":
            print("Channel open", flush=True)
        else:
            channel.on("open", lambda: print("Channel open", flush=True))

    async def describe(self, description):
        await self.connection.setLocalDescription(description)
        local = self.connection.localDescription
        await self.send(type=local.type, sdp=local.sdp)

    async def handle(self, message):
        kind = message["type"]
        if kind == "ping":
            await self.send(type="pong")
        elif kind == "paired":
            print(f"Paired with {message['peer_id']} as {'initiator' if message['initiator'] else 'receiver'}", flush=True)
            if message["initiator"]:
                self.use(self.connection.createDataChannel("chat"))
                await self.describe(await self.connection.createOffer())
        elif kind in ("offer", "answer"):
            await self.connection.setRemoteDescription(RTCSessionDescription(sdp=message["sdp"], type=kind))
            if kind == "offer":
                await self.describe(await self.connection.createAnswer())
        elif kind == "candidate":
            await self.add_candidate(message["candidate"])
        elif kind == "error":
            print(f"Error: {message['message']}", flush=True)
        elif kind == "peer_disconnected":
            print("Peer disconnected", flush=True)
            await self.connection.close()
            self.connection, self.channel = self.new_connection(), None

    async def add_candidate(self, init):
        if not init or not init["candidate"]:
            return
        candidate = candidate_from_sdp(init["candidate"].split(":", 1)[1])
        candidate.sdpMid, candidate.sdpMLineIndex = init.get("sdpMid"), init.get("sdpMLineIndex")
        await self.connection.addIceCandidate(candidate)

    async def say_what_is_typed(self):
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async for line in reader:
            if self.channel and self.channel.readyState == "open":
                self.channel.send(line.decode().rstrip("\n"))


async def main(url, target=None):
    async with websockets.connect(url) as socket:
        peer = Peer(socket)
        print(f"Your id: {json.loads(await socket.recv())['id']}", flush=True)
        if target:
            await peer.send(type="pair_request", target_id=target)
        typing = asyncio.ensure_future(peer.say_what_is_typed())
        async for frame in socket:
            await peer.handle(json.loads(frame))

        typing.cancel()


asyncio.run(main(*sys.argv[1:]))
